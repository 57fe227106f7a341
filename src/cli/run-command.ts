/** Runs the command that a line names, with its options and words. */
import type { Argv } from 'yargs'
import { toFlag, optionTable } from '../config/options.ts'
import type { CommandName, Option } from '../config/options.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import { exitCodes, usage } from '../model/errors.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { commandNames, commands } from './command-table.ts'
import type { Arguments } from './command-table.ts'
import { boundMemory } from './memory.ts'
import { hideDashes, readOptions, readWords, refuseSwitchValues } from './read-arguments.ts'
import type { Found } from './read-arguments.ts'

/** Resolves with the exit code. */
type Start<Name extends CommandName> = (args: Arguments<Name>) => Promise<number> | number

type Loaders = { readonly [Name in CommandName]: () => Promise<Start<Name>> }

const loaders: Loaders = {
  update: async () => (await import('./commands/update.ts')).update,
  validate: async () => (await import('./commands/validate.ts')).validate,
  init: async () => (await import('./commands/init.ts')).init,
  plan: async () => (await import('./commands/plan.ts')).plan,
  apply: async () => (await import('./commands/apply.ts')).apply,
  rollback: async () => (await import('./commands/rollback.ts')).rollback,
  verify: async () => (await import('./commands/verify.ts')).verify,
  runs: async () => (await import('./commands/runs.ts')).runs,
  report: async () => (await import('./commands/report.ts')).report,
  redo: async () => (await import('./commands/redo.ts')).redo,
  state: async () => (await import('./commands/state.ts')).state,
  simulator: async () => (await import('./commands/simulator.ts')).simulate,
  completion: async () => (await import('./commands/completion.ts')).completion,
}

/** Resolves with the exit code. Throws USAGE where the line fits no command. */
export async function runCommand(
  argv: readonly string[],
  lineOf: (argv: readonly string[]) => Argv,
): Promise<number> {
  refuseSwitchValues(argv)
  let start: (() => Promise<number>) | undefined
  let exitCode: number | undefined
  const line = lineOf(hideDashes(argv))
    .boolean(flagsWith(({ type }) => type === 'boolean'))
    .string(flagsWith(({ type }) => type !== 'boolean'))
    .array(flagsWith(({ type }) => type === 'list'))
    .demandCommand(1)
    .strictCommands()
    .fail((_message, error) => {
      throw error ?? unknownCommand(line)
    })
  for (const name of commandNames) {
    line.command(
      name,
      commands[name].summary,
      (builder) =>
        // The words that follow are no commands. They and the options are checked against the tables, not by yargs.
        builder
          .version(false)
          .strictCommands(false)
          .middleware((found) => void (start = startOf<CommandName>(name, loaders[name], found)), true),
      async () => {
        exitCode = await start?.()
      },
    )
  }
  await line.parseAsync()
  return exitCode ?? exitCodes.OK
}

function flagsWith(isWanted: (option: Option) => boolean): string[] {
  return [...optionTable].flatMap(([name, option]) => (isWanted(option) ? [toFlag(name)] : []))
}

/** What loads and runs the command. Throws USAGE where something does not fit. */
function startOf<Name extends CommandName>(
  name: Name,
  load: Loaders[Name],
  found: Found,
): () => Promise<number> {
  // Before the words: a misspelt switch may have taken one.
  const options = readOptions(name, found)
  const words = readWords(name, found)
  return async () => {
    boundMemory()
    const command = await load()
    return command({ ...options, ...words })
  }
}

function unknownCommand({ parsed }: Argv): BulkUpdateError {
  const word = parsed === false ? undefined : parsed?.argv._[0]?.toString().replaceAll('\0', '')
  const near = word === undefined ? undefined : findNearest(word, commandNames)
  return usage(
    'E_USAGE',
    word === undefined ? 'No command given' : `Unknown command: ${word}`,
    `${didYouMean(near)}Commands: ${commandNames.join(', ')}. See rapyd-bulk --help.`,
  )
}
