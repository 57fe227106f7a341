/**
 * The table of options. Flags, types, defaults, help, completion, the record of a run and the command that resumes it
 * come from it: a new option is an entry here and the place that uses it.
 */

export type CommandName =
  | 'update'
  | 'validate'
  | 'init'
  | 'plan'
  | 'apply'
  | 'rollback'
  | 'verify'
  | 'runs'
  | 'report'
  | 'redo'
  | 'state'
  | 'simulator'
  | 'completion'

/** What takes options over from an earlier run, or from a plan. */
export type Job = 'redo' | 'apply' | 'rollback' | 'verify'

export interface Option {
  /** Default: a text. A `list` is given several times, one value each. A `duration` is `90s`, `30m` or `6h`; in programs milliseconds. */
  readonly type?: 'number' | 'boolean' | 'list' | 'duration'
  readonly choices?: readonly string[]
  /** What stands for the value in the help. */
  readonly value?: string
  /** Whole numbers that are allowed, and one to show. */
  readonly range?: { readonly least: number; readonly most?: number; readonly example: number }
  readonly default?: string | number | boolean
  /** Where the default is not one value. */
  readonly defaultText?: string
  /** Where it is not the name with hyphens. */
  readonly flag?: string
  /** True where an empty text says something. */
  readonly mayBeEmpty?: true
  readonly help: string
  /** Where a command means something else by it. */
  readonly helpOf?: Partial<Readonly<Record<CommandName, string>>>
  readonly commands: readonly CommandName[]
  /** `command`: the command line alone has it; `program`: programs alone do. Default both. */
  readonly scope?: 'command' | 'program'
  /** True where a run keeps it, so that the command that resumes names it. */
  readonly recorded?: true
  readonly inherited?: readonly Job[]
  /** Another `env` is another place: then this is not inherited. */
  readonly ofEnv?: true
}

const files = ['update', 'validate', 'plan', 'state'] as const
const readers = [...files, 'init'] as const
const senders = ['update', 'redo', 'apply', 'rollback'] as const
const callers = [...senders, 'plan', 'verify'] as const
const jobs = ['redo', 'apply', 'rollback', 'verify'] as const
const mapped = ['redo', 'apply'] as const

const input = {
  format: {
    choices: ['csv', 'tsv', 'ndjson'],
    defaultText: 'detected from the content, then the name',
    help: 'Format of the input',
    commands: readers,
    recorded: true,
    inherited: mapped,
  },
  delimiter: {
    value: 'CHAR',
    defaultText: 'detected: comma, semicolon, tab or pipe',
    help: 'Character between cells',
    commands: readers,
    recorded: true,
    inherited: mapped,
  },
  encoding: {
    choices: ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'],
    defaultText: 'detected: UTF-8 or UTF-16',
    help: 'Character encoding of the input. windows-1252 (ANSI) is never detected',
    helpOf: { redo: 'Character encoding of the file given with --from' },
    commands: [...readers, 'redo'],
    recorded: true,
    inherited: ['apply'],
  },
  map: {
    value: 'FILE|PRESET',
    help: 'Mapping file (YAML or JSON) or preset (hubspot, salesforce, zoho, dynamics, pipedrive)',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  blank: {
    choices: ['clear', 'keep', 'reject'],
    default: 'clear',
    help: 'What a blank cell does, unless the mapping says otherwise',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  ignoreColumns: {
    type: 'list',
    value: 'NAMES',
    help: 'Columns to ignore, separated by commas. Repeatable',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  nullValues: {
    type: 'list',
    value: 'TEXT',
    help: 'Text that counts as a blank cell. Repeatable',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  literals: {
    flag: 'literal',
    type: 'list',
    value: 'TEXT',
    help: 'Text that looks like a blank, such as NULL, but is a value. Repeatable',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  duplicates: {
    choices: ['sequence', 'last', 'merge', 'reject'],
    default: 'sequence',
    help: 'Several rows of one customer: send all in file order, send the last, merge them, or refuse the file',
    commands: files,
    recorded: true,
    inherited: mapped,
  },
  onlyChanged: {
    type: 'boolean',
    default: false,
    help: 'Send only fields that differ from what Rapyd last confirmed. Rows without such a field cost no call',
    commands: ['update'],
    recorded: true,
    inherited: ['redo'],
  },
  wholeRows: {
    type: 'boolean',
    default: false,
    help: 'With --only-changed: send all fields of a changed row',
    commands: ['update'],
    recorded: true,
    inherited: ['redo'],
  },
  newState: {
    type: 'boolean',
    default: false,
    help: 'With --only-changed: if the state of earlier runs is lost, send everything once',
    commands: ['update'],
  },
  limit: {
    type: 'number',
    range: { least: 1, example: 5 },
    value: 'N',
    help: 'Send only the first N rows. Run again without it to send the rest',
    commands: senders,
  },
  from: {
    value: 'FILE',
    defaultText: 'the rows of the original input',
    help: 'The errors file of the run, with its rows fixed',
    commands: ['redo'],
    scope: 'command',
  },
  sample: {
    value: 'N|P%',
    defaultText: 'all that the run updated',
    help: 'Number or share of customers to read. The same ones every time',
    commands: ['verify'],
    scope: 'command',
  },
} as const satisfies Readonly<Record<string, Option>>

const safety = {
  maxClears: {
    value: 'P%',
    default: '50%',
    help: 'Refuse the file if a column clears a larger share of the rows',
    commands: [...files, 'redo'],
    recorded: true,
    inherited: ['redo'],
  },
  expectRows: {
    value: 'N|N±P%',
    help: 'Refuse a file with another number of rows. ± may be written +-',
    commands: files,
  },
  maxErrors: {
    value: 'N|P%',
    default: '10%',
    help: 'Stop if more rows than this are not updated. A share counts from 100 rows on',
    commands: [...files, 'redo', 'apply', 'rollback'],
    recorded: true,
    inherited: mapped,
  },
  strict: {
    type: 'boolean',
    default: false,
    help: 'Send nothing if one row is invalid or has a warning',
    commands: [...files, 'redo'],
    recorded: true,
  },
  acceptChange: {
    type: 'list',
    value: 'WHAT',
    help: 'Accept a file that differs from the last one of its name: rows, damage, field names or all, separated by commas',
    commands: ['update', 'plan'],
  },
  readBack: {
    type: 'boolean',
    default: true,
    help: 'Settle rows in doubt by reading the customer. With --no-read-back they are sent again only if that does no harm',
    commands: ['update', 'redo'],
    recorded: true,
  },
  backup: {
    type: 'boolean',
    default: false,
    help: 'Keep what each customer held before, for a rollback. Adds one GET per customer',
    commands: ['update', 'redo'],
    recorded: true,
    inherited: ['redo'],
  },
  confirmProduction: {
    value: 'HOST:ROWS',
    defaultText: 'asked on the terminal',
    help: 'Confirm a run in production',
    commands: senders,
    scope: 'command',
  },
  verify: {
    type: 'boolean',
    help: 'Refuse rows whose customer has changed since the plan. Adds one GET per further row of a customer',
    commands: ['apply'],
    scope: 'command',
  },
  dryRun: {
    type: 'boolean',
    help: 'Read the customers and show what would be restored. Sends nothing',
    commands: ['rollback'],
    scope: 'command',
  },
} as const satisfies Readonly<Record<string, Option>>

const rate = {
  rate: {
    value: 'WINDOWS',
    default: '200/1m,1000/5m',
    help: 'Rate windows, all respected. none is for loopback only',
    helpOf: { simulator: 'Rate windows that it enforces, or none' },
    commands: [...callers, 'simulator'],
    recorded: true,
  },
  reserve: {
    value: 'P%',
    default: '10%',
    help: 'Share of the rate that is left to other traffic of the account',
    commands: callers,
    recorded: true,
  },
  concurrency: {
    type: 'number',
    range: { least: 1, most: 1_000, example: 16 },
    value: 'N',
    default: 16,
    help: 'Maximum number of requests in flight',
    commands: callers,
    recorded: true,
  },
  maxOutageMs: {
    flag: 'max-outage',
    type: 'duration',
    value: 'TIME',
    default: 30 * 60_000,
    defaultText: '30m; 1m before the first call',
    help: 'Stop if Rapyd cannot be reached, or blocks, for longer. Such as 90s or 6h',
    commands: callers,
  },
  finishBy: {
    value: 'HH:MM',
    help: 'Warn before sending if the run will take longer',
    commands: senders,
    scope: 'command',
  },
} as const satisfies Readonly<Record<string, Option>>

const output = {
  out: {
    value: 'FILE',
    help: 'Directory for errors.csv (or .ndjson), the invalid rows',
    helpOf: {
      init: 'File to write, - for standard output. Default: <name>.mapping.yaml',
      plan: 'File to write. Default: plan.ndjson in a new directory under --runs-dir',
    },
    commands: ['validate', 'init', 'plan'],
    scope: 'command',
  },
  fix: {
    value: 'FILE',
    help: 'Write a copy with all certain fixes, and list each change in FILE.changes.csv',
    commands: ['validate'],
    scope: 'command',
  },
  force: {
    type: 'boolean',
    help: 'Overwrite existing files',
    commands: ['validate', 'init', 'plan'],
    scope: 'command',
  },
  formatErrors: {
    choices: ['github', 'csv'],
    help: 'Print one line per defect, as GitHub annotations or CSV',
    commands: ['validate'],
    scope: 'command',
  },
  resultsFormat: {
    choices: ['csv', 'ndjson'],
    default: 'csv',
    help: 'Format of the results file',
    commands: senders,
    recorded: true,
  },
  includeValues: {
    type: 'boolean',
    default: false,
    help: 'Show cell values of rows that need attention in report.html: personal data',
    commands: [...senders, 'report'],
  },
  showValues: {
    type: 'boolean',
    help: 'Show what fields hold instead of masking it',
    commands: ['plan', 'verify'],
    scope: 'command',
  },
  metricsFile: {
    value: 'FILE',
    help: 'Write metrics of the run for the Prometheus textfile collector',
    commands: [...senders, 'report'],
    scope: 'command',
  },
  junit: {
    value: 'FILE',
    help: 'Write the kinds of errors as JUnit test cases',
    commands: ['report'],
    scope: 'command',
  },
  logLevel: {
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    help: 'Level of run.log. silent writes none',
    commands: senders,
  },
  json: {
    type: 'boolean',
    help: 'Print the result as one JSON object',
    commands: [...files, 'redo', 'apply', 'rollback', 'verify', 'report', 'runs'],
    scope: 'command',
  },
  quiet: {
    type: 'boolean',
    help: 'Print no progress and no notes, only errors and the last line',
    commands: [...files, 'redo', 'apply', 'rollback', 'verify'],
    scope: 'command',
  },
  color: {
    type: 'boolean',
    help: 'Use colours. --no-color and NO_COLOR turn them off',
    commands: [...files, 'redo', 'apply', 'rollback', 'report'],
    scope: 'command',
  },
} as const satisfies Readonly<Record<string, Option>>

/** Without the simulator they are refused, so nothing but the simulator fills in their defaults. */
const simulator = {
  port: {
    type: 'number',
    range: { least: 0, most: 65_535, example: 4010 },
    value: 'N',
    default: 0,
    defaultText: 'any free port',
    help: 'Port on 127.0.0.1',
    commands: ['simulator'],
    scope: 'command',
  },
  latency: {
    type: 'number',
    range: { least: 0, most: 2 ** 31 - 1, example: 50 },
    value: 'MS',
    default: 0,
    help: 'Milliseconds added to every answer',
    commands: ['simulator'],
    scope: 'command',
  },
  idempotency: {
    choices: ['off', 'all-post'],
    default: 'off',
    help: 'Whether it replays answers by idempotency key',
    commands: ['simulator'],
    scope: 'command',
  },
  faults: {
    value: 'FAULTS',
    default: '',
    defaultText: 'none',
    mayBeEmpty: true,
    help: 'Faults to simulate, such as reset-after:3%,500:2%. Only with --env simulator',
    helpOf: { simulator: 'Faults to simulate, such as reset-after:3%,500:2%' },
    commands: [...callers, 'simulator'],
    recorded: true,
  },
  seed: {
    type: 'number',
    range: { least: 0, example: 7 },
    value: 'N',
    default: 1,
    help: 'Seed of the simulated faults',
    commands: [...callers, 'simulator'],
    recorded: true,
  },
} as const satisfies Readonly<Record<string, Option>>

const general = {
  env: {
    choices: ['sandbox', 'production', 'simulator'],
    default: 'sandbox',
    help: 'Rapyd environment. simulator is embedded and needs no credentials',
    commands: [...callers, 'state'],
    recorded: true,
    inherited: jobs,
    ofEnv: true,
  },
  baseUrl: {
    value: 'URL',
    defaultText: 'RAPYD_BASE_URL, or the host of --env',
    help: 'Another host. http on loopback only',
    commands: [...callers, 'state'],
    recorded: true,
    inherited: jobs,
    ofEnv: true,
  },
  allowHost: {
    value: 'HOST',
    help: 'Host of --base-url if it is not one of Rapyd’s',
    commands: [...callers, 'state'],
    recorded: true,
    inherited: jobs,
    ofEnv: true,
  },
  accessKey: {
    defaultText: 'RAPYD_ACCESS_KEY, or the file that RAPYD_ACCESS_KEY_FILE names',
    help: 'Never logged and never stored',
    commands: [...callers, 'state'],
    scope: 'program',
  },
  secretKey: {
    defaultText: 'RAPYD_SECRET_KEY, or the file that RAPYD_SECRET_KEY_FILE names',
    help: 'Never logged and never stored',
    commands: [...callers, 'state'],
    scope: 'program',
  },
  runId: {
    value: 'ID',
    defaultText: 'from input, mapping, host and account',
    help: 'Name of the run',
    commands: ['update', 'apply'],
    recorded: true,
  },
  newRun: {
    type: 'boolean',
    default: false,
    help: 'Start another run of the same input',
    commands: ['update', 'apply'],
  },
  runsDir: {
    value: 'DIR',
    default: './rapyd-runs',
    help: 'Where runs are stored',
    commands: [...callers, 'runs', 'report', 'state'],
    recorded: true,
    inherited: ['apply'],
  },
  stateDir: {
    value: 'DIR',
    defaultText: '$XDG_STATE_HOME/rapyd-bulk',
    help: 'What all runs of an account on this machine share, such as the quota',
    commands: [...callers, 'state'],
    recorded: true,
  },
  purge: {
    type: 'boolean',
    help: 'Delete finished runs and all their files. Needs --older-than',
    commands: ['runs'],
    scope: 'command',
  },
  olderThan: {
    value: 'AGE',
    help: 'With --purge: time since the last change, such as 30d or 12h',
    commands: ['runs'],
    scope: 'command',
  },
  yes: {
    type: 'boolean',
    help: 'With --purge: delete without asking',
    commands: ['runs'],
    scope: 'command',
  },
  customer: {
    value: 'ID',
    help: 'With forget: customer to forget',
    commands: ['state'],
    scope: 'command',
  },
  all: {
    type: 'boolean',
    help: 'With forget: forget every customer. Everything is sent again',
    commands: ['state'],
    scope: 'command',
  },
} as const satisfies Readonly<Record<string, Option>>

export const groups = {
  Input: input,
  Safety: safety,
  Rate: rate,
  Output: output,
  Simulator: simulator,
  General: general,
} as const

export const options = { ...input, ...safety, ...rate, ...output, ...simulator, ...general } as const

type Table = typeof options
export type OptionName = keyof Table

export type ValueOf<Of extends Option> = Of extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Of extends { readonly type: infer Type }
    ? { number: number; duration: number; boolean: boolean; list: readonly string[] }[Type &
        NonNullable<Option['type']>]
    : string

/** Names of the options that have `Property`. */
export type NamesWith<Property> = {
  [Name in OptionName]: Table[Name] extends Property ? Name : never
}[OptionName]

/** What a command, or a function of its name, takes. */
export type NamesOf<Command extends CommandName> = {
  [Name in OptionName]: Command extends Table[Name]['commands'][number] ? Name : never
}[OptionName]

type Values<Names extends OptionName> = { readonly [Name in Names]?: ValueOf<Table[Name]> }

/** The options of a command line; `program` ones are never there. */
export type CommandOptions<Command extends CommandName> = Values<
  Exclude<NamesOf<Command>, NamesWith<{ readonly scope: 'program' }>>
>

/** The options of a function. */
export type OptionsOf<Command extends CommandName> = Values<
  Exclude<NamesOf<Command>, NamesWith<{ readonly scope: 'command' }>>
>

/** What a program may give; everything but `input` has a default. The table of `config/options.ts` says what each does. */
export interface UpdateOptions extends OptionsOf<'update'> {
  /** Path of a CSV or NDJSON file, also compressed with gzip or zstd, or `-` for standard input. */
  readonly input: string
}

export type DuplicatePolicy = NonNullable<UpdateOptions['duplicates']>
export type LogLevel = NonNullable<UpdateOptions['logLevel']>
export type Encoding = NonNullable<UpdateOptions['encoding']>
