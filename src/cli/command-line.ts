/** The command line on yargs: help, completion, or a command. Each loads only what it needs. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import yargs, { type Argv } from 'yargs'
import {
  toFlag,
  groups,
  isPath,
  optionTable,
  toShownFlag,
  type CommandName,
  type Option,
  type OptionName,
} from '../config/options.ts'
import optionTexts from '../config/option-texts.json' with { type: 'json' }
import { refuseHangingPaths, version } from '../config/system.ts'
import { usageError } from '../config/values.ts'
import { exitCodes, type BulkUpdateError } from '../model/errors.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import type { ParsedLine } from './arguments.ts'
import { commandNames, commands, subjects, type Arguments } from './command-table.ts'

/** Resolves with the exit code. Throws USAGE if the line fits no command. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  if (argv[0] === '--get-yargs-completions') {
    const { findCompletions } = await import('./completion.ts')
    const { offered, areFiles } = await findCompletions(argv.slice(1))
    await createParser(argv.slice(0, 1))
      .completion('completion', false, () => offered)
      .parseAsync()
    return offered.length === 0 && areFiles ? exitCodes.ROWS : exitCodes.OK
  }
  if (own[0] === 'help' || own.includes('--help') || own.includes('-h')) {
    // `help <command>` is `<command> --help`
    await showHelp(createParser(own[0] === 'help' ? [...own.slice(1), '--help'] : own))
    return exitCodes.OK
  }
  return runCommand(argv)
}

function createParser(argv: readonly string[]): Argv {
  return yargs([...argv])
    .scriptName('rapyd-bulk')
    .locale('en')
    .exitProcess(false)
    .showHelpOnFail(false)
    .help(false)
    .version(version)
    .parserConfiguration({
      'dot-notation': false,
      // A greedy list would take the input's name as one of its values
      'greedy-arrays': false,
      'parse-positional-numbers': false,
    })
}

const mostColumns = 100

/** Shows the help of the command that `line` names, or of all. */
async function showHelp(line: Argv): Promise<void> {
  line
    .help()
    .alias('help', 'h')
    .describe({ help: 'Show help', version: 'Show the version' })
    .usage('$0 <command> [options]\n\nUpdates many Rapyd customers from one CSV or NDJSON file.')
    .epilog('Begin with:\n  $0 validate FILE\n  $0 update FILE --env simulator')
    // The lines of this help are short
    .wrap(null)
  for (const name of commandNames) {
    const { subject, second, summary } = commands[name]
    const words = [subject === undefined ? '' : ` <${subject}>`, second === undefined ? '' : ` [${second}]`]
    line.command(`${name}${words.join('')}`, summary, (builder) => describeCommand(builder, name))
  }
  await line.parseAsync()
}

function describeCommand(line: Argv, name: CommandName): Argv {
  const { subject, second, examples, lists = {} } = commands[name]
  line.version(false).wrap(Math.min(mostColumns, process.stdout.columns ?? 80))
  for (const word of [subject, second])
    if (word !== undefined) line.positional(word, { describe: subjects[word].help })
  for (const [group, options] of Object.entries<Readonly<Record<string, Option>>>(groups))
    for (const [option, entry] of Object.entries(options))
      if (entry.program !== true && entry.commands.includes(name))
        line.option(flagWithValue(option, entry), {
          ...describeOption(option, entry, name),
          group: `${group}:`,
        })
  // yargs would break examples into columns. These lines can be copied
  const lines = Object.entries(examples).flatMap(([example, purpose]) => [`  ${example}`, `      ${purpose}`])
  for (const [heading, words] of Object.entries(lists))
    lines.push(`\n${heading}:`, ...words.map(([word, meaning]) => `  ${word.padEnd(14)}  ${meaning}`))
  return line.epilog(['Examples:', ...lines].join('\n'))
}

function flagWithValue(name: string, option: Option): string {
  const { type, choices, value = type === 'number' ? 'N' : 'TEXT' } = option
  const flag = toShownFlag(name)
  return type === 'boolean' || choices !== undefined ? flag : `${flag} ${value}`
}

interface OptionText {
  /** For a boolean that is true by default: what its opposite (`--no-…`) does, which is what the help lists. */
  readonly help: string
  /** Help of commands for which it means something else. */
  readonly helpOf?: Partial<Readonly<Record<CommandName, string>>>
  /** For the help, if the default is not one value. */
  readonly defaultText?: string
}

const texts: Readonly<Record<string, OptionText>> = optionTexts satisfies Readonly<
  Record<OptionName, OptionText>
>

function describeOption(option: string, { type, choices, default: preset }: Option, name: CommandName) {
  const { help = '', helpOf, defaultText }: Partial<OptionText> = texts[option] ?? {}
  const shown = defaultText ?? (type === 'boolean' ? undefined : preset)
  return {
    describe: helpOf?.[name] ?? help,
    ...(choices === undefined ? {} : { choices }),
    ...(shown === undefined ? {} : { defaultDescription: String(shown) }),
  }
}

/** Resolves with the exit code. */
type Start<Name extends CommandName> = (args: Arguments<Name>) => Promise<number> | number

type Loaders = { readonly [Name in CommandName]: () => Promise<Start<Name>> }

const loaders: Loaders = {
  update: async () => (await import('./commands/update.ts')).update,
  validate: async () => (await import('./commands/validate.ts')).validate,
  init: async () => (await import('./commands/init.ts')).init,
  plan: async () => (await import('./commands/plan.ts')).plan,
  apply: async () => (await import('./commands/update.ts')).apply,
  rollback: async () => (await import('./commands/rollback.ts')).rollback,
  verify: async () => (await import('./commands/plan.ts')).verify,
  runs: async () => (await import('./commands/runs.ts')).runs,
  report: async () => (await import('./commands/runs.ts')).report,
  redo: async () => (await import('./commands/update.ts')).redo,
  state: async () => (await import('./commands/state.ts')).state,
  probe: async () => (await import('./commands/probe.ts')).probe,
  store: async () => (await import('./commands/state.ts')).store,
  simulator: async () => (await import('./commands/simulator.ts')).simulate,
  completion: async () => (await import('./completion.ts')).completion,
}

async function runCommand(argv: readonly string[]): Promise<number> {
  const { hideDashes, readOptions, readWords, refuseSwitchValues } = await import('./arguments.ts')
  refuseSwitchValues(argv)
  let start: (() => Promise<number>) | undefined
  let exitCode: number | undefined
  const line = createParser(hideDashes(argv))
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
        // The words after a command are no commands. The tables check them and the options, not yargs
        builder
          .version(false)
          .strictCommands(false)
          .middleware(
            // Options come first: a misspelt switch may have taken a word
            (parsed: ParsedLine) =>
              void (start = prepareStart<CommandName>(loaders[name], {
                ...readOptions(name, parsed),
                ...readWords(name, parsed),
              })),
            true,
          ),
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

/** Returns what loads and runs the command. */
function prepareStart<Name extends CommandName>(
  load: Loaders[Name],
  args: Arguments<Name>,
): () => Promise<number> {
  return async () => {
    setTimeout(boundMemory, memoryDelayMs).unref()
    await refuseHangingPaths(pathsOf(args))
    const command = await load()
    return command(args)
  }
}

/** The paths that a command may use: its words, its options, and those of the environment. */
function pathsOf(args: Readonly<Record<string, unknown>>): readonly string[] {
  const { HOME, XDG_STATE_HOME, RAPYD_ACCESS_KEY_FILE, RAPYD_SECRET_KEY_FILE } = process.env
  const options = [...optionTable].filter(([, option]) => isPath(option))
  const named = options.map(([name, option]) => args[name] ?? option.default)
  const words = [args['input'], args['plan'], args['run']]
  const places = [HOME, XDG_STATE_HOME, RAPYD_ACCESS_KEY_FILE, RAPYD_SECRET_KEY_FILE]
  return ['.', ...words, ...named, ...places].filter((path) => typeof path === 'string')
}

function unknownCommand({ parsed }: Argv): BulkUpdateError {
  const word = parsed === false ? undefined : parsed?.argv._[0]?.toString().replaceAll('\0', '')
  const near = word === undefined ? undefined : findNearest(word, commandNames)
  return usageError(
    word === undefined ? 'No command given' : `Unknown command: ${word}`,
    `${didYouMean(near)}Commands: ${commandNames.join(', ')}. See rapyd-bulk --help.`,
  )
}

/** Loading a command leaves garbage that is not worth a collection. */
const memoryDelayMs = 1000
/** How much the heap may grow before it is collected. */
const growthPercent = 60
/** Bound of the space for new objects, which doubles from 2 MB while much in it stays alive. */
const newSpaceBytes = 16 * 1024 * 1024

/**
 * Bounds the heap: V8 would let new objects take 96 MB, and garbage a multiple of that. Flags are set here because an installed
 * command cannot choose how Node starts. A V8 that does not know them ignores them.
 */
function boundMemory(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (space === undefined || space.space_size < newSpaceBytes) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}
