/**
 * The table of options. Flags, types, defaults, help, completion, the record of a run and the command that resumes it
 * come from it: a new option is an entry here, its text in `option-texts.json`, and the place that uses it.
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
  | 'probe'
  | 'store'
  | 'simulator'
  | 'completion'

/** The jobs that inherit options from an earlier run, or from a plan. */
export type Job = 'redo' | 'apply' | 'rollback' | 'verify'

export interface Option {
  /** Default: a text. A `list` is repeated, one value each. A `duration` is `90s`, `30m` or `6h`; in the library milliseconds. */
  readonly type?: 'number' | 'boolean' | 'list' | 'duration'
  readonly choices?: readonly string[]
  /** The placeholder of the value in the help. Default: N for a number, else TEXT. */
  readonly value?: string
  /** The whole numbers that are allowed, and an example. */
  readonly range?: { readonly least: number; readonly most?: number; readonly example: number }
  /** If none is given: false for a boolean, an empty list for a list. */
  readonly default?: string | number | boolean
  /** Default: the name with hyphens. */
  readonly flag?: string
  /** An empty text is a valid value. */
  readonly mayBeEmpty?: true
  readonly commands: readonly CommandName[]
  /** Only the command line has it. */
  readonly cli?: true
  /** Only the library has it. */
  readonly program?: true
  /** A run records it for the command that resumes it, and these jobs inherit it. */
  readonly recorded?: readonly Job[]
  /** Not inherited by a job that has an `env` of its own. */
  readonly ofEnv?: true
}

const files = ['update', 'validate', 'plan', 'state'] as const
const readers = [...files, 'init'] as const
const senders = ['update', 'redo', 'apply', 'rollback'] as const
const callers = [...senders, 'plan', 'verify', 'probe'] as const
const jobs = ['redo', 'apply', 'rollback', 'verify'] as const
const mapped = ['redo', 'apply'] as const
/** A redo may read its rows in another way than the run. */
const rereaders = [...files, 'redo'] as const

const input = {
  format: { choices: ['csv', 'tsv', 'ndjson'], commands: readers, recorded: mapped },
  delimiter: { value: 'CHAR', commands: readers, recorded: mapped },
  headerLine: { type: 'number', range: { least: 1, example: 4 }, commands: readers, recorded: mapped },
  skipFooter: { type: 'boolean', commands: readers, recorded: mapped },
  escape: { value: 'CHAR', commands: readers, recorded: mapped },
  encoding: {
    // The order in which candidates are offered if nothing else decides.
    choices: [
      'utf-8',
      'utf-16le',
      'utf-16be',
      'windows-1252',
      'windows-1250',
      'windows-1251',
      'windows-1254',
      'macintosh',
      'windows-1253',
      'windows-1255',
      'windows-1256',
      'windows-1257',
      'windows-1258',
      'windows-874',
      'iso-8859-2',
      'iso-8859-15',
      'koi8-r',
      'koi8-u',
      'ibm866',
      'x-mac-cyrillic',
      'shift_jis',
      'euc-jp',
      'gb18030',
      'big5',
      'euc-kr',
    ],
    commands: [...readers, 'redo'],
    recorded: ['apply'],
  },
  map: { value: 'FILE|PRESET', commands: rereaders, recorded: mapped },
  blank: { choices: ['clear', 'keep', 'reject'], default: 'clear', commands: rereaders, recorded: mapped },
  ignoreColumns: { type: 'list', value: 'NAMES', commands: files, recorded: mapped },
  nullValues: { type: 'list', commands: rereaders, recorded: mapped },
  literals: { flag: 'literal', type: 'list', commands: rereaders, recorded: mapped },
  duplicates: {
    choices: ['sequence', 'last', 'merge', 'reject'],
    default: 'sequence',
    commands: files,
    recorded: mapped,
  },
  onlyChanged: { type: 'boolean', commands: ['update'], recorded: ['redo'] },
  wholeRows: { type: 'boolean', commands: ['update'], recorded: ['redo'] },
  newState: { type: 'boolean', commands: ['update'] },
  limit: { type: 'number', range: { least: 1, example: 5 }, commands: senders },
  from: { value: 'FILE', commands: ['redo'], cli: true },
  sample: { value: 'N|P%', commands: ['verify'], cli: true },
} as const satisfies Readonly<Record<string, Option>>

const safety = {
  maxClears: { value: 'P%', default: '50%', commands: [...files, 'redo'], recorded: ['redo'] },
  expectRows: { value: 'N|N±P%', commands: files },
  maxErrors: {
    value: 'N|P%',
    default: '10%',
    commands: [...files, 'redo', 'apply', 'rollback'],
    recorded: mapped,
  },
  strict: { type: 'boolean', commands: [...files, 'redo'], recorded: [] },
  acceptChange: { type: 'list', value: 'WHAT', commands: ['update', 'validate', 'plan'] },
  allowRepeat: { type: 'boolean', commands: ['update', 'redo', 'apply'] },
  acceptKeyChange: { type: 'boolean', commands: [...senders, 'verify'] },
  acceptNotTaken: { type: 'list', value: 'FIELDS', commands: senders, recorded: ['redo', 'rollback'] },
  readBack: { type: 'boolean', default: true, commands: ['update', 'redo'], recorded: [] },
  metadataKeys: { choices: ['all', 'own'], commands: ['update', 'redo', 'apply'], recorded: [] },
  settleAfterMs: { flag: 'settle-after', type: 'duration', value: 'TIME', commands: [...senders, 'probe'] },
  backup: { type: 'boolean', commands: ['update', 'redo'], recorded: ['redo'] },
  confirmProduction: { value: 'HOST[:ROWS]', commands: [...senders, 'probe'], cli: true },
  verify: { type: 'boolean', commands: ['apply'], cli: true },
  dryRun: { type: 'boolean', commands: ['rollback'], cli: true },
} as const satisfies Readonly<Record<string, Option>>

const rate = {
  rate: { value: 'WINDOWS', default: '200/1m,1000/5m', commands: [...callers, 'simulator'], recorded: [] },
  pace: { choices: ['even', 'burst'], default: 'even', commands: senders, recorded: [] },
  reserve: { value: 'P%', default: '10%', commands: callers, recorded: [] },
  concurrency: {
    type: 'number',
    range: { least: 1, most: 1_000, example: 16 },
    default: 16,
    commands: callers,
    recorded: [],
  },
  maxOutageMs: {
    flag: 'max-outage',
    type: 'duration',
    value: 'TIME',
    default: 30 * 60_000,
    commands: callers,
  },
  finishBy: { value: 'HH:MM', commands: senders, cli: true },
} as const satisfies Readonly<Record<string, Option>>

const output = {
  out: { value: 'FILE', commands: ['validate', 'init', 'plan'], cli: true },
  fix: { value: 'FILE', commands: ['validate'], cli: true },
  force: { type: 'boolean', commands: ['validate', 'init', 'plan'], cli: true },
  formatErrors: { choices: ['github', 'csv'], commands: ['validate'], cli: true },
  resultsFormat: { choices: ['csv', 'ndjson'], default: 'csv', commands: senders, recorded: [] },
  includeValues: { type: 'boolean', commands: [...senders, 'report'] },
  showValues: { type: 'boolean', commands: ['plan', 'verify'], cli: true },
  metricsFile: { value: 'FILE', commands: [...senders, 'report'], cli: true },
  junit: { value: 'FILE', commands: ['report'], cli: true },
  logLevel: {
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    commands: senders,
  },
  json: {
    type: 'boolean',
    commands: [...files, 'redo', 'apply', 'rollback', 'verify', 'report', 'runs', 'store', 'probe'],
    cli: true,
  },
  quiet: { type: 'boolean', commands: [...files, 'redo', 'apply', 'rollback', 'verify'], cli: true },
  color: {
    type: 'boolean',
    default: true,
    commands: [...files, 'redo', 'apply', 'rollback', 'report'],
    cli: true,
  },
} as const satisfies Readonly<Record<string, Option>>

/** Refused without the simulator, so only the simulator fills in their defaults. */
const served = { commands: ['simulator'], cli: true } as const

const simulator = {
  port: { ...served, type: 'number', range: { least: 0, most: 65_535, example: 4010 }, default: 0 },
  latency: {
    ...served,
    type: 'number',
    range: { least: 0, most: 2 ** 31 - 1, example: 50 },
    value: 'MS',
    default: 0,
  },
  customers: { ...served, value: 'FILE' },
  idempotency: { ...served, choices: ['off', 'all-post'], default: 'off' },
  signature: { ...served, choices: ['reserialised', 'raw', 'either'], default: 'reserialised' },
  timestamps: { ...served, choices: ['measured', 'documented'], default: 'measured' },
  metadata: { ...served, choices: ['merge', 'replace'], default: 'merge' },
  addresses: { ...served, choices: ['append', 'replace'], default: 'append' },
  blanks: { ...served, choices: ['clear', 'ignore'], default: 'clear' },
  blankCoupon: { ...served, choices: ['clears', 'ignored', 'refused'], default: 'clears' },
  limitBody: { ...served, choices: ['html', 'json'], default: 'html' },
  maxBody: {
    ...served,
    type: 'number',
    range: { least: 0, most: 2 ** 30, example: 65_536 },
    value: 'BYTES',
    default: 2 ** 20,
  },
  webhookUrl: { ...served, value: 'URL' },
  faults: {
    value: 'FAULTS',
    default: '',
    mayBeEmpty: true,
    commands: [...callers, 'simulator'],
    recorded: [],
  },
  seed: {
    type: 'number',
    range: { least: 0, example: 7 },
    default: 1,
    commands: [...callers, 'simulator'],
    recorded: [],
  },
} as const satisfies Readonly<Record<string, Option>>

const general = {
  env: {
    choices: ['sandbox', 'production', 'simulator'],
    default: 'sandbox',
    commands: [...callers, 'state'],
    recorded: jobs,
    ofEnv: true,
  },
  baseUrl: { value: 'URL', commands: [...callers, 'state'], recorded: jobs, ofEnv: true },
  allowHost: { value: 'HOST', commands: [...callers, 'state', 'simulator'], recorded: [] },
  proxy: { type: 'boolean', default: true, commands: callers, recorded: [] },
  useSystemCa: { type: 'boolean', commands: callers, recorded: [] },
  accessKey: { commands: [...callers, 'state'], program: true },
  secretKey: { commands: [...callers, 'state'], program: true },
  runId: { value: 'ID', commands: ['update', 'apply'], recorded: [] },
  newRun: { type: 'boolean', commands: ['update', 'apply'] },
  runsDir: {
    value: 'DIR',
    default: './rapyd-runs',
    commands: [...callers, 'runs', 'report', 'state'],
    recorded: ['apply'],
  },
  store: { value: 'FILE', commands: [...callers, 'runs', 'report', 'state', 'store'], recorded: [] },
  restored: { type: 'boolean', commands: ['store'], cli: true },
  stateDir: { value: 'DIR', commands: [...callers, 'runs', 'report', 'state', 'store'], recorded: [] },
  purge: { type: 'boolean', commands: ['runs'], cli: true },
  olderThan: { value: 'AGE', commands: ['runs'], cli: true },
  yes: { type: 'boolean', commands: ['runs', 'probe'], cli: true },
  show: { type: 'boolean', commands: ['probe'], cli: true },
  customer: { value: 'ID', commands: ['state', 'probe'], cli: true },
  all: { type: 'boolean', commands: ['state'], cli: true },
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

export const optionTable: ReadonlyMap<string, Option> = new Map<string, Option>(Object.entries(options))

/** True if the value is the name of a file or directory. */
export function isPath({ value = '' }: Option): boolean {
  return value.startsWith('FILE') || value === 'DIR'
}

/** `runId` → `run-id` */
export function toFlag(name: string): string {
  return optionTable.get(name)?.flag ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The flag in help and completion: for a boolean that is true by default, its opposite. */
export function toShownFlag(name: string): string {
  const { type, default: preset } = optionTable.get(name) ?? {}
  return type === 'boolean' && preset === true ? `no-${toFlag(name)}` : toFlag(name)
}

type Options = typeof options
export type OptionName = keyof Options

export type ValueOf<Of extends Option> = Of extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Of extends { readonly type: infer Type }
    ? { number: number; duration: number; boolean: boolean; list: readonly string[] }[Type &
        NonNullable<Option['type']>]
    : string

/** Names of the options that have `Property`. */
export type NamesWith<Property> = {
  [Name in OptionName]: Options[Name] extends Property ? Name : never
}[OptionName]

/** The options of a command, and of the library function of the same name. */
export type NamesOf<Command extends CommandName> = {
  [Name in OptionName]: Command extends Options[Name]['commands'][number] ? Name : never
}[OptionName]

type Values<Names extends OptionName> = { readonly [Name in Names]?: ValueOf<Options[Name]> }

/** The options of a command line. */
export type CommandOptions<Command extends CommandName> = Values<
  Exclude<NamesOf<Command>, NamesWith<{ readonly program: true }>>
>

/** The options of a library function. */
export type OptionsOf<Command extends CommandName> = Values<
  Exclude<NamesOf<Command>, NamesWith<{ readonly cli: true }>>
>

/** The options of `bulkUpdate`. All but `input` have a default. The help of `rapyd-bulk update` says what each does. */
export interface UpdateOptions extends OptionsOf<'update'> {
  /** Path of a CSV or NDJSON file, plain or compressed with gzip or zstd, or `-` for standard input. */
  readonly input: string
}

export type DuplicatePolicy = NonNullable<UpdateOptions['duplicates']>
export type LogLevel = NonNullable<UpdateOptions['logLevel']>
export type Encoding = NonNullable<UpdateOptions['encoding']>
