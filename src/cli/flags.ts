/** The options of each command, as the command line and the texts about it see them. */
import { flagOf, optionTable } from '../config/job-options.ts'
import type { CommandName, Option } from '../config/options.ts'

export interface Flag {
  /** In the table of options. */
  readonly name: string
  /** As it is typed, without hyphens before it. */
  readonly flag: string
  readonly option: Option
  /** What follows it: choices, or a word in capitals; empty for a switch. */
  readonly value: string
  readonly describe: string
}

const flags: readonly Flag[] = [...optionTable]
  .filter(([, { scope }]) => scope !== 'program')
  .map(([name, option]) => ({
    name,
    flag: flagOf(name),
    option,
    value: option.type === 'boolean' ? '' : (option.choices?.join('|') ?? option.value ?? 'TEXT'),
    describe: option.help,
  }))

export function flagsOf(command: CommandName): readonly Flag[] {
  return flags
    .filter(({ option }) => option.commands.includes(command))
    .map((flag) => Object.assign({}, flag, { describe: describe(flag.option, command) }))
}

function describe(option: Option, command: CommandName): string {
  const help = option.helpOf?.[command] ?? option.help
  const { defaultText = option.type === 'boolean' ? undefined : option.default } = option
  return defaultText === undefined ? help : `${help} [default: ${defaultText}]`
}
