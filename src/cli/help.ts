/** `--help`, made of the tables of commands and options. */
import type { Argv } from 'yargs'
import { groups, toShownFlag } from '../config/options.ts'
import type { CommandName, Option } from '../config/options.ts'
import { commandNames, commands, subjects } from './command-table.ts'

const mostColumns = 100

/** Of the command that `line` names, or of all. */
export async function showHelp(line: Argv): Promise<void> {
  line
    .help()
    .alias('help', 'h')
    .describe({ help: 'Show help', version: 'Show the version' })
    .usage('$0 <command> [options]\n\nUpdates many Rapyd customers from one CSV or NDJSON file.')
    .epilog('Begin with:\n  $0 validate FILE\n  $0 update FILE --env simulator')
    // Its lines are short.
    .wrap(null)
  for (const name of commandNames) {
    const { subject, second, summary } = commands[name]
    const words = [subject === undefined ? '' : ` <${subject}>`, second === undefined ? '' : ` [${second}]`]
    line.command(`${name}${words.join('')}`, summary, (builder) => describeCommand(builder, name))
  }
  await line.parseAsync()
}

function describeCommand(line: Argv, name: CommandName): Argv {
  const { subject, second, examples } = commands[name]
  line.version(false).wrap(Math.min(mostColumns, process.stdout.columns ?? 80))
  for (const word of [subject, second])
    if (word !== undefined) line.positional(word, { describe: subjects[word] })
  for (const [group, options] of Object.entries<Readonly<Record<string, Option>>>(groups))
    for (const [option, entry] of Object.entries(options))
      if (entry.program !== true && entry.commands.includes(name))
        line.option(switchOf(option, entry), { ...describe(entry, name), group: `${group}:` })
  // Examples of yargs are broken into columns, and could not be copied.
  const lines = examples.flatMap(([example, purpose]) => [`  ${example}`, `      ${purpose}`])
  return line.epilog(['Examples:', ...lines].join('\n'))
}

/** With what stands for its value. */
function switchOf(name: string, { type, choices, value = type === 'number' ? 'N' : 'TEXT' }: Option): string {
  const flag = toShownFlag(name)
  return type === 'boolean' || choices !== undefined ? flag : `${flag} ${value}`
}

function describe({ type, choices, help, helpOf, default: preset, defaultText }: Option, name: CommandName) {
  const shown = defaultText ?? (type === 'boolean' ? undefined : preset)
  return {
    describe: helpOf?.[name] ?? help,
    ...(choices === undefined ? {} : { choices }),
    ...(shown === undefined ? {} : { defaultDescription: String(shown) }),
  }
}
