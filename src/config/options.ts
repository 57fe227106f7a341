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
  /** For the help, if the default is not one value. */
  readonly defaultText?: string
  /** Default: the name with hyphens. */
  readonly flag?: string
  /** An empty text is a valid value. */
  readonly mayBeEmpty?: true
  /** For a boolean that is true by default: what its opposite (`--no-…`) does, which is what the help lists. */
  readonly help: string
  /** Help of commands for which it means something else. */
  readonly helpOf?: Partial<Readonly<Record<CommandName, string>>>
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
  format: {
    choices: ['csv', 'tsv', 'ndjson'],
    defaultText: 'detected from the content, then the name',
    help: 'Format of the input',
    commands: readers,
    recorded: mapped,
  },
  delimiter: {
    value: 'CHAR',
    defaultText: 'detected: comma, semicolon, tab or pipe',
    help: 'Character between cells',
    commands: readers,
    recorded: mapped,
  },
  headerLine: {
    type: 'number',
    range: { least: 1, example: 4 },
    defaultText: 'the first line that is not blank',
    help: 'Line of the header, if lines of a title are above it. They are left out',
    commands: readers,
    recorded: mapped,
  },
  skipFooter: {
    type: 'boolean',
    help: 'Leave out the last lines if they are no rows, such as totals and remarks of a report',
    commands: readers,
    recorded: mapped,
  },
  escape: {
    value: 'CHAR',
    defaultText: 'quotes inside of quotes are doubled',
    help: 'Character before quotes inside of quotes: \\, as MySQL writes it',
    commands: readers,
    recorded: mapped,
  },
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
    defaultText: 'detected: UTF-8 or UTF-16',
    help: 'Character encoding of the input. The code pages of Windows ("ANSI") and others are never detected',
    helpOf: { redo: 'Character encoding of the file given with --from' },
    commands: [...readers, 'redo'],
    recorded: ['apply'],
  },
  map: {
    value: 'FILE|PRESET',
    help: 'Mapping file (YAML or JSON) or preset (hubspot, salesforce, zoho, dynamics, pipedrive)',
    commands: rereaders,
    recorded: mapped,
  },
  blank: {
    choices: ['clear', 'keep', 'reject'],
    default: 'clear',
    help: 'What a blank cell does, unless the mapping says otherwise',
    commands: rereaders,
    recorded: mapped,
  },
  ignoreColumns: {
    type: 'list',
    value: 'NAMES',
    help: 'Columns to ignore, separated by commas. Repeatable',
    commands: files,
    recorded: mapped,
  },
  nullValues: {
    type: 'list',
    help: 'Text that counts as a blank cell. Repeatable',
    commands: rereaders,
    recorded: mapped,
  },
  literals: {
    flag: 'literal',
    type: 'list',
    help: 'Text that looks like a blank, such as NULL, but is a value. Repeatable',
    commands: rereaders,
    recorded: mapped,
  },
  duplicates: {
    choices: ['sequence', 'last', 'merge', 'reject'],
    default: 'sequence',
    help: 'Several rows of one customer: send all in file order, send the last, merge them, or refuse the file',
    commands: files,
    recorded: mapped,
  },
  onlyChanged: {
    type: 'boolean',
    help: 'Send only fields that differ from what Rapyd last confirmed. Rows without such a field cost no call',
    commands: ['update'],
    recorded: ['redo'],
  },
  wholeRows: {
    type: 'boolean',
    help: 'With --only-changed: send all fields of a changed row',
    commands: ['update'],
    recorded: ['redo'],
  },
  newState: {
    type: 'boolean',
    help: 'With --only-changed: if the state of earlier runs is lost, send everything once',
    commands: ['update'],
  },
  limit: {
    type: 'number',
    range: { least: 1, example: 5 },
    help: 'Send only the first N rows. Run again without it to send the rest',
    commands: senders,
  },
  from: {
    value: 'FILE',
    defaultText: 'the rows of the original input',
    help: 'The errors file of the run, with its rows fixed',
    commands: ['redo'],
    cli: true,
  },
  sample: {
    value: 'N|P%',
    defaultText: 'all that the run updated',
    help: 'Number or share of customers to read. The same ones every time',
    commands: ['verify'],
    cli: true,
  },
} as const satisfies Readonly<Record<string, Option>>

const safety = {
  maxClears: {
    value: 'P%',
    default: '50%',
    help: 'Refuse the file if a column clears a larger share of the rows',
    commands: [...files, 'redo'],
    recorded: ['redo'],
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
    recorded: mapped,
  },
  strict: {
    type: 'boolean',
    help: 'Send nothing if one row is invalid or has a warning',
    commands: [...files, 'redo'],
    recorded: [],
  },
  acceptChange: {
    type: 'list',
    value: 'WHAT',
    help: 'Accept a file that differs from the last one of its name: rows, damage, field names or all, separated by commas',
    commands: ['update', 'plan'],
  },
  allowRepeat: {
    type: 'boolean',
    help: 'Send addresses and coupons again that earlier runs have sent. They add up',
    commands: ['update', 'redo', 'apply'],
  },
  acceptKeyChange: {
    type: 'boolean',
    help: 'Follow a run or a plan that was signed with another secret key',
    commands: [...senders, 'verify'],
  },
  acceptNotTaken: {
    type: 'list',
    value: 'FIELDS',
    help: 'Send on although Rapyd does not take these fields, separated by commas. They count as unproved',
    commands: senders,
    recorded: ['redo', 'rollback'],
  },
  readBack: {
    type: 'boolean',
    default: true,
    help: 'Do not read customers to settle rows in doubt. They are sent again only if that does no harm',
    commands: ['update', 'redo'],
    recorded: [],
  },
  metadataKeys: {
    choices: ['all', 'own'],
    defaultText: 'all; own if the probe has shown that the account merges metadata',
    help: 'Keys of metadata that a row sends: all that its customer has, for one GET, or its own. If Rapyd replaces metadata, own deletes all others',
    commands: ['update', 'redo', 'apply'],
    recorded: [],
  },
  settleAfterMs: {
    flag: 'settle-after',
    type: 'duration',
    value: 'TIME',
    defaultText: '90s; 5m for addresses and coupon; 2s for the simulator',
    help: 'How long a request without a clear answer may still be applied. Until then its row is not sent again',
    commands: [...senders, 'probe'],
  },
  backup: {
    type: 'boolean',
    help: 'Keep what each customer held before, for a rollback. Adds one GET per customer',
    commands: ['update', 'redo'],
    recorded: ['redo'],
  },
  confirmProduction: {
    value: 'HOST[:ROWS]',
    defaultText: 'asked on the terminal',
    help: 'Confirm a run in production. The host alone is enough with --expect-rows',
    helpOf: { probe: 'Confirm a probe in production: the host' },
    commands: [...senders, 'probe'],
    cli: true,
  },
  verify: {
    type: 'boolean',
    help: 'Refuse rows whose customer has changed since the plan. Adds one GET per further row of a customer',
    commands: ['apply'],
    cli: true,
  },
  dryRun: {
    type: 'boolean',
    help: 'Read the customers and show what would be restored. Sends nothing',
    commands: ['rollback'],
    cli: true,
  },
} as const satisfies Readonly<Record<string, Option>>

const rate = {
  rate: {
    value: 'WINDOWS',
    default: '200/1m,1000/5m',
    help: 'Rate windows, all respected. none is for loopback only',
    helpOf: { simulator: 'Rate windows that it enforces, or none' },
    commands: [...callers, 'simulator'],
    recorded: [],
  },
  pace: {
    choices: ['even', 'burst'],
    default: 'even',
    help: 'Spread the calls over the rate window, or send as soon as it has room. Fewer calls than a window allows go at once',
    commands: senders,
    recorded: [],
  },
  reserve: {
    value: 'P%',
    default: '10%',
    help: 'Share of the rate that is left to other traffic of the account',
    commands: callers,
    recorded: [],
  },
  concurrency: {
    type: 'number',
    range: { least: 1, most: 1_000, example: 16 },
    default: 16,
    help: 'Maximum number of requests in flight',
    commands: callers,
    recorded: [],
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
    cli: true,
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
    cli: true,
  },
  fix: {
    value: 'FILE',
    help: 'Write a copy with all certain fixes, and list each change in FILE.changes.csv',
    commands: ['validate'],
    cli: true,
  },
  force: {
    type: 'boolean',
    help: 'Overwrite existing files',
    commands: ['validate', 'init', 'plan'],
    cli: true,
  },
  formatErrors: {
    choices: ['github', 'csv'],
    help: 'Print one line per defect, as GitHub annotations or CSV',
    commands: ['validate'],
    cli: true,
  },
  resultsFormat: {
    choices: ['csv', 'ndjson'],
    default: 'csv',
    help: 'Format of the results file',
    commands: senders,
    recorded: [],
  },
  includeValues: {
    type: 'boolean',
    help: 'Show cell values of rows that need attention in report.html: personal data',
    commands: [...senders, 'report'],
  },
  showValues: {
    type: 'boolean',
    help: 'Show what fields hold instead of masking it',
    commands: ['plan', 'verify'],
    cli: true,
  },
  metricsFile: {
    value: 'FILE',
    help: 'Write metrics of the run for the Prometheus textfile collector',
    commands: [...senders, 'report'],
    cli: true,
  },
  junit: {
    value: 'FILE',
    help: 'Write the kinds of errors as JUnit test cases',
    commands: ['report'],
    cli: true,
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
    commands: [...files, 'redo', 'apply', 'rollback', 'verify', 'report', 'runs', 'store', 'probe'],
    cli: true,
  },
  quiet: {
    type: 'boolean',
    help: 'Print no progress and no notes, only errors and the last line',
    commands: [...files, 'redo', 'apply', 'rollback', 'verify'],
    cli: true,
  },
  color: {
    type: 'boolean',
    default: true,
    help: 'Print no colours, as with NO_COLOR',
    commands: [...files, 'redo', 'apply', 'rollback', 'report'],
    cli: true,
  },
} as const satisfies Readonly<Record<string, Option>>

/** Refused without the simulator, so only the simulator fills in their defaults. */
const served = { commands: ['simulator'], cli: true } as const

const simulator = {
  port: {
    ...served,
    type: 'number',
    range: { least: 0, most: 65_535, example: 4010 },
    default: 0,
    defaultText: 'any free port',
    help: 'Port on 127.0.0.1',
  },
  latency: {
    ...served,
    type: 'number',
    range: { least: 0, most: 2 ** 31 - 1, example: 50 },
    value: 'MS',
    default: 0,
    help: 'Milliseconds added to every answer',
  },
  customers: {
    ...served,
    value: 'FILE',
    defaultText: 'every well-formed id exists',
    help: 'Serve only these customers: a JSON array, or one JSON object per line',
  },
  idempotency: {
    ...served,
    choices: ['off', 'all-post'],
    default: 'off',
    help: 'Whether it replays answers by idempotency key',
  },
  signature: {
    ...served,
    choices: ['reserialised', 'raw', 'either'],
    default: 'reserialised',
    help: 'What the signature covers: the body as JSON.stringify writes it, its bytes, or either. Not documented',
  },
  timestamps: {
    ...served,
    choices: ['measured', 'documented'],
    default: 'measured',
    help: 'Which timestamps are valid: from 300 s ago to 1 h ahead, or from 60 s ago to now',
  },
  metadata: {
    ...served,
    choices: ['merge', 'replace'],
    default: 'merge',
    help: 'What metadata in an update does to the keys that it does not name. Not documented',
  },
  addresses: {
    ...served,
    choices: ['append', 'replace'],
    default: 'append',
    help: 'What addresses in an update do to those that the customer has. Not documented',
  },
  blanks: {
    ...served,
    choices: ['clear', 'ignore'],
    default: 'clear',
    help: 'What empty texts in an update do. Documented as clear, but not for each field',
  },
  blankCoupon: {
    ...served,
    choices: ['clears', 'ignored', 'refused'],
    default: 'clears',
    help: 'What an empty coupon in an update does to the discount. Not documented',
  },
  limitBody: {
    ...served,
    choices: ['html', 'json'],
    default: 'html',
    help: 'Body of a 429. Not documented',
  },
  maxBody: {
    ...served,
    type: 'number',
    range: { least: 0, most: 2 ** 30, example: 65_536 },
    value: 'BYTES',
    default: 2 ** 20,
    help: 'Refuse larger request bodies with 413. Not documented',
  },
  webhookUrl: {
    ...served,
    value: 'URL',
    defaultText: 'none are sent',
    help: 'Send the webhook of each update to this address',
  },
  faults: {
    value: 'FAULTS',
    default: '',
    defaultText: 'none',
    mayBeEmpty: true,
    help: 'Faults to simulate, such as reset-after:3%,500:2%. Only with --env simulator',
    helpOf: { simulator: 'Faults to simulate, such as reset-after:3%,500:2%' },
    commands: [...callers, 'simulator'],
    recorded: [],
  },
  seed: {
    type: 'number',
    range: { least: 0, example: 7 },
    default: 1,
    help: 'Seed of the simulated faults',
    commands: [...callers, 'simulator'],
    recorded: [],
  },
} as const satisfies Readonly<Record<string, Option>>

const general = {
  env: {
    choices: ['sandbox', 'production', 'simulator'],
    default: 'sandbox',
    help: 'Rapyd environment. simulator is embedded and needs no credentials',
    commands: [...callers, 'state'],
    recorded: jobs,
    ofEnv: true,
  },
  baseUrl: {
    value: 'URL',
    defaultText: 'RAPYD_BASE_URL if --env is not given, or the host of --env',
    help: 'Another host. http on loopback only',
    commands: [...callers, 'state'],
    recorded: jobs,
    ofEnv: true,
  },
  allowHost: {
    value: 'HOST',
    help: 'Host of --base-url if it is not one of Rapyd’s. Never taken from a run or a plan',
    helpOf: { simulator: 'Host of --webhook-url if it is not this machine' },
    commands: [...callers, 'state', 'simulator'],
    recorded: [],
  },
  proxy: {
    type: 'boolean',
    default: true,
    help: 'Call Rapyd directly, whatever HTTPS_PROXY, HTTP_PROXY and NO_PROXY say',
    commands: callers,
    recorded: [],
  },
  useSystemCa: {
    type: 'boolean',
    help: 'Also trust the certificate authorities of the system. NODE_EXTRA_CA_CERTS names others',
    commands: callers,
    recorded: [],
  },
  accessKey: {
    defaultText: 'RAPYD_ACCESS_KEY, or the file that RAPYD_ACCESS_KEY_FILE names',
    help: 'Never logged and never stored',
    commands: [...callers, 'state'],
    program: true,
  },
  secretKey: {
    defaultText: 'RAPYD_SECRET_KEY, or the file that RAPYD_SECRET_KEY_FILE names',
    help: 'Never logged and never stored',
    commands: [...callers, 'state'],
    program: true,
  },
  runId: {
    value: 'ID',
    defaultText: 'from input, mapping, host and account',
    help: 'Name of the run',
    commands: ['update', 'apply'],
    recorded: [],
  },
  newRun: {
    type: 'boolean',
    help: 'Start another run of the same input',
    commands: ['update', 'apply'],
  },
  runsDir: {
    value: 'DIR',
    default: './rapyd-runs',
    help: 'Where the files of runs are written',
    commands: [...callers, 'runs', 'report', 'state'],
    recorded: ['apply'],
  },
  store: {
    value: 'FILE',
    defaultText: '$XDG_STATE_HOME/rapyd-bulk/store.db',
    help: 'The store: what runs need to continue, and what the runs of an account share',
    commands: [...callers, 'runs', 'report', 'state', 'store'],
    recorded: [],
  },
  restored: {
    type: 'boolean',
    help: 'Accept a store that was put back: rows without an outcome are read before they are sent',
    commands: ['store'],
    cli: true,
  },
  stateDir: {
    value: 'DIR',
    help: 'Former option: means --store DIR/store.db',
    commands: [...callers, 'runs', 'report', 'state', 'store'],
    recorded: [],
  },
  purge: {
    type: 'boolean',
    help: 'Delete finished runs and all their files. Needs --older-than',
    commands: ['runs'],
    cli: true,
  },
  olderThan: {
    value: 'AGE',
    help: 'With --purge: time since the last change, such as 30d or 12h',
    commands: ['runs'],
    cli: true,
  },
  yes: {
    type: 'boolean',
    help: 'With --purge: delete without asking',
    helpOf: { probe: 'Probe without asking. Production needs --confirm-production' },
    commands: ['runs', 'probe'],
    cli: true,
  },
  show: {
    type: 'boolean',
    help: 'Show what the probe has found of the account. Sends nothing',
    commands: ['probe'],
    cli: true,
  },
  customer: {
    value: 'ID',
    help: 'With forget: customer to forget',
    helpOf: { probe: 'The customer to probe, with two keys of metadata or more' },
    commands: ['state', 'probe'],
    cli: true,
  },
  all: {
    type: 'boolean',
    help: 'With forget: forget every customer. Everything is sent again',
    commands: ['state'],
    cli: true,
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

export const optionTable: ReadonlyMap<string, Option> = new Map<string, Option>(Object.entries(options))

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

/** The options of `bulkUpdate`. All but `input` have a default. The table in `config/options.ts` says what each does. */
export interface UpdateOptions extends OptionsOf<'update'> {
  /** Path of a CSV or NDJSON file, plain or compressed with gzip or zstd, or `-` for standard input. */
  readonly input: string
}

export type DuplicatePolicy = NonNullable<UpdateOptions['duplicates']>
export type LogLevel = NonNullable<UpdateOptions['logLevel']>
export type Encoding = NonNullable<UpdateOptions['encoding']>
