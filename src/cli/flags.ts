/** One table of flags: help, parsing and README come from it. Flags have no defaults of their own; `options.ts` has. */
import { encodings } from '../input/encoding.ts'
import { logLevels } from '../options.ts'
import { duplicatePolicies } from '../pipeline/duplicates.ts'

export interface Flag {
  /** Left out where there are choices. */
  readonly type?: 'string' | 'number' | 'boolean'
  /** May be given several times, one value each. */
  readonly array?: true
  readonly choices?: readonly string[]
  readonly describe: string
}

export const defectFormats = ['github', 'csv'] as const

export const inputFlags = {
  format: {
    choices: ['csv', 'tsv', 'ndjson'],
    describe: 'format of the input [default: told by the content, then by the name]',
  },
  delimiter: {
    type: 'string',
    describe: 'one character between cells [default: comma, semicolon, tab or pipe, told by trying them]',
  },
  encoding: {
    choices: encodings,
    describe:
      'how characters are written [default: UTF-8 or UTF-16, told by the content]; windows-1252, which Windows calls ANSI, is never guessed',
  },
  map: {
    type: 'string',
    describe:
      'mapping file, YAML or JSON: columns to fields, transforms, constants; or a preset: hubspot, salesforce, zoho, dynamics, pipedrive [default: none]',
  },
  blank: {
    choices: ['clear', 'keep', 'reject'],
    describe: 'what a blank cell means where the mapping does not say [default: clear]',
  },
  'ignore-columns': {
    type: 'string',
    array: true,
    describe: 'columns to set aside, by name; several with commas, or an option for each',
  },
  'null-values': { type: 'string', array: true, describe: 'texts that stand for a blank' },
  literal: {
    type: 'string',
    array: true,
    describe: 'texts that look like a blank and are meant, such as NULL',
  },
  duplicates: {
    choices: duplicatePolicies,
    describe:
      'where several rows change one customer: send them in file order, the last one, one call made of them, or nothing of the file [default: sequence]',
  },
  'max-clears': {
    type: 'string',
    describe: 'refuse if a column clears more than this share of the rows [default: 50%]',
  },
  'expect-rows': {
    type: 'string',
    describe: 'refuse a file of another length: N, or N±P% (N+-P%)',
  },
  'max-errors': {
    type: 'string',
    describe: 'stop when more rows than this end not updated, N or N% [default: 10% of at least 100 rows]',
  },
  strict: { type: 'boolean', describe: 'one invalid row or one warning and nothing is sent' },
  json: { type: 'boolean', describe: 'print the result as one JSON object' },
  quiet: { type: 'boolean', describe: 'no progress and no notes; errors and the last line remain' },
  color: { type: 'boolean', describe: 'colours; --no-color and NO_COLOR turn them off' },
} as const satisfies Record<string, Flag>

export const validateFlags = {
  'format-errors': {
    choices: defectFormats,
    describe: 'print every defect on a line of its own: annotations of GitHub Actions, or CSV',
  },
  out: { type: 'string', describe: 'directory for errors.csv (or .ndjson): the invalid rows, to be mended' },
  fix: {
    type: 'string',
    describe: 'write a copy with cells mended where the remedy is certain, and FILE.changes.csv beside it',
  },
  force: { type: 'boolean', describe: 'write over files that are there' },
} as const satisfies Record<string, Flag>

export const initFlags = {
  format: inputFlags.format,
  delimiter: inputFlags.delimiter,
  encoding: inputFlags.encoding,
  out: {
    type: 'string',
    describe: 'the file to write; - for standard output [default: <name>.mapping.yaml]',
  },
  force: validateFlags.force,
} as const satisfies Record<string, Flag>

/** Of `update` alone: it knows earlier runs of the same file name, and what was confirmed then. */
export const updateFlags = {
  'only-changed': {
    type: 'boolean',
    describe:
      'send only the fields that differ from what Rapyd last confirmed; rows without such a field cost no call',
  },
  'whole-rows': { type: 'boolean', describe: 'with --only-changed: all fields of the rows that changed' },
  'new-state': {
    type: 'boolean',
    describe: 'with --only-changed, where the state of earlier nights is lost: send everything once',
  },
  'accept-change': {
    type: 'string',
    array: true,
    describe:
      'send a file that is not like that of the last run of its name: rows (their number, the last ones), damage, names of fields, or all; several with commas [default: it is refused]',
  },
} as const satisfies Record<string, Flag>

export const senderFlags = {
  env: {
    choices: ['sandbox', 'production', 'simulator'],
    describe: 'which Rapyd [default: sandbox]; simulator is embedded and needs no credentials',
  },
  'base-url': { type: 'string', describe: 'another host; http on loopback only [RAPYD_BASE_URL]' },
  'allow-host': { type: 'string', describe: 'host of --base-url where it is not Rapyd’s' },
  rate: {
    type: 'string',
    describe: 'windows, all of them kept [default: 200/1m,1000/5m]; none only on loopback',
  },
  reserve: {
    type: 'string',
    describe: 'share of the rate left to the account’s other traffic [default: 10%]',
  },
  concurrency: { type: 'number', describe: 'requests in flight at most [default: 16]' },
  'run-id': { type: 'string', describe: 'name of the run [default: from input, mapping, host and account]' },
  'new-run': { type: 'boolean', describe: 'start another run of the same input' },
  'runs-dir': { type: 'string', describe: 'where runs are kept [default: ./rapyd-runs]' },
  'state-dir': {
    type: 'string',
    describe:
      'what all runs of an account share on this machine: the quota [default: $XDG_STATE_HOME/rapyd-bulk]',
  },
  'max-outage': {
    type: 'string',
    describe:
      'stop when Rapyd cannot be reached, or blocks, for longer, such as 90s or 6h [default: 30m, and 1m before the first call]',
  },
  'finish-by': {
    type: 'string',
    describe: 'a time of day, such as 06:00: warns before it sends where the run will take longer',
  },
  limit: {
    type: 'number',
    describe: 'first N rows only: a canary; without it the run goes on where the canary ended',
  },
  'confirm-production': {
    type: 'string',
    describe: 'HOST:ROWS, exactly; without it production asks on a terminal',
  },
  'read-back': {
    type: 'boolean',
    describe:
      'settle rows in doubt by reading the customer; --no-read-back for accounts that may not: they are sent again only where that does no harm [default: yes]',
  },
  backup: {
    type: 'boolean',
    describe:
      'keep what each customer held before, so that rollback can put it back: one read more a customer',
  },
  'log-level': {
    choices: logLevels,
    describe: 'what goes into run.log [default: info]; silent writes none',
  },
  faults: {
    type: 'string',
    describe: 'what goes wrong with --env simulator, such as reset-after:3%,500:2%',
  },
  seed: { type: 'number', describe: 'of the simulator’s dice for faults [default: 1]' },
  'metrics-file': {
    type: 'string',
    describe: 'write how the run went for Prometheus (textfile collector) into this file [default: none]',
  },
  'include-values': {
    type: 'boolean',
    describe:
      'show in report.html what the cells of rows that need attention hold: personal data [default: no]',
  },
  'results-format': { choices: ['csv', 'ndjson'], describe: 'format of results [default: csv]' },
} as const satisfies Record<string, Flag>

export const simulatorFlags = {
  port: { type: 'number', describe: 'port on 127.0.0.1 [default: any free one]' },
  rate: { type: 'string', describe: 'windows that it enforces [default: 200/1m,1000/5m]; none for no limit' },
  latency: { type: 'number', describe: 'milliseconds added to every answer [default: 0]' },
  idempotency: { choices: ['off', 'all-post'], describe: 'whether it replays answers by key [default: off]' },
  faults: { type: 'string', describe: 'what goes wrong and how often, such as reset-after:3%,500:2%' },
  seed: { type: 'number', describe: 'of the dice for faults [default: 1]' },
} as const satisfies Record<string, Flag>

export const runsFlags = {
  'runs-dir': senderFlags['runs-dir'],
  purge: { type: 'boolean', describe: 'delete finished runs, with all their files; needs --older-than' },
  'older-than': { type: 'string', describe: 'with --purge: last changed so long ago, such as 30d or 12h' },
  yes: { type: 'boolean', describe: 'with --purge: delete without asking' },
  json: inputFlags.json,
} as const satisfies Record<string, Flag>

const { 'run-id': _runId, 'new-run': _newRun, ...resendFlags } = senderFlags

export const redoFlags = {
  from: {
    type: 'string',
    describe: 'the errors file of the run, mended [default: the rows as the original input has them]',
  },
  encoding: {
    choices: encodings,
    describe: 'how the file of --from is written [default: UTF-8 or UTF-16, told by its content]',
  },
  'max-clears': inputFlags['max-clears'],
  'max-errors': inputFlags['max-errors'],
  strict: inputFlags.strict,
  json: inputFlags.json,
  quiet: inputFlags.quiet,
  color: inputFlags.color,
  ...resendFlags,
} as const satisfies Record<string, Flag>

/** Of commands that only read. */
const readerFlags = {
  env: senderFlags.env,
  'base-url': senderFlags['base-url'],
  'allow-host': senderFlags['allow-host'],
  rate: senderFlags.rate,
  reserve: senderFlags.reserve,
  concurrency: senderFlags.concurrency,
  'runs-dir': senderFlags['runs-dir'],
  'state-dir': senderFlags['state-dir'],
  'max-outage': senderFlags['max-outage'],
  faults: senderFlags.faults,
  seed: senderFlags.seed,
} as const satisfies Record<string, Flag>

const valueFlag = {
  'show-values': { type: 'boolean', describe: 'show what fields hold; without it, values are masked' },
} as const satisfies Record<string, Flag>

export const planFlags = {
  ...inputFlags,
  'accept-change': updateFlags['accept-change'],
  ...readerFlags,
  out: {
    type: 'string',
    describe: 'the file to write [default: plan.ndjson, in a directory of its own below --runs-dir]',
  },
  force: validateFlags.force,
  ...valueFlag,
} as const satisfies Record<string, Flag>

const { backup: _backup, 'read-back': _readBack, ...applySenderFlags } = senderFlags

export const applyFlags = {
  verify: {
    type: 'boolean',
    describe:
      'refuse rows whose customer does not hold what the plan says it held: a read more for each row of a customer after its first',
  },
  'max-errors': inputFlags['max-errors'],
  json: inputFlags.json,
  quiet: inputFlags.quiet,
  color: inputFlags.color,
  ...applySenderFlags,
} as const satisfies Record<string, Flag>

const { 'run-id': _rollbackId, 'new-run': _newRollback, ...ownSenderFlags } = applySenderFlags

export const rollbackFlags = {
  'dry-run': {
    type: 'boolean',
    describe: 'read the customers, say what would be put back, and send nothing',
  },
  'max-errors': inputFlags['max-errors'],
  json: inputFlags.json,
  quiet: inputFlags.quiet,
  color: inputFlags.color,
  ...ownSenderFlags,
} as const satisfies Record<string, Flag>

export const verifyFlags = {
  sample: {
    type: 'string',
    describe: 'customers to read, 5% or 200; the same ones each time [default: all that the run updated]',
  },
  json: inputFlags.json,
  quiet: inputFlags.quiet,
  ...readerFlags,
  ...valueFlag,
} as const satisfies Record<string, Flag>

export const reportFlags = {
  'runs-dir': senderFlags['runs-dir'],
  junit: {
    type: 'string',
    describe: 'write the kinds of errors as test cases of a CI server into this file [default: none]',
  },
  'metrics-file': senderFlags['metrics-file'],
  'include-values': senderFlags['include-values'],
  json: inputFlags.json,
  color: inputFlags.color,
} as const satisfies Record<string, Flag>

export const stateActions = ['show', 'forget', 'rebuild', 'baseline'] as const

export const stateFlags = {
  ...inputFlags,
  env: senderFlags.env,
  'base-url': senderFlags['base-url'],
  'allow-host': senderFlags['allow-host'],
  'runs-dir': senderFlags['runs-dir'],
  'state-dir': senderFlags['state-dir'],
  customer: { type: 'string', describe: 'with forget: the id of the customer to forget' },
  all: { type: 'boolean', describe: 'with forget: every customer; everything is sent again' },
} as const satisfies Record<string, Flag>

/** The flags that each command takes. */
export const commandFlags = {
  update: { ...inputFlags, ...updateFlags, ...senderFlags },
  validate: { ...inputFlags, ...validateFlags },
  init: initFlags,
  plan: planFlags,
  apply: applyFlags,
  rollback: rollbackFlags,
  verify: verifyFlags,
  runs: runsFlags,
  report: reportFlags,
  redo: redoFlags,
  state: stateFlags,
  simulator: simulatorFlags,
  completion: {},
} as const satisfies Record<string, Record<string, Flag>>
