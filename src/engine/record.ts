/**
 * What a run keeps of how it was begun, so that it can be listed, reported and continued without its command line: an
 * allow-list of options, and what the scan counted. Never a key. From it the commands that continue a run are made.
 */
import { shellWord } from '../model/text.ts'
import { isDefault, readRecordedOptions, type RecordedOptions } from '../config/job-options.ts'
import { optionTable, toFlag, type CommandName } from '../config/options.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { hasMembers, isJsonObject, parseJson, type JsonObject } from '../model/json.ts'
import type { Scan } from '../model/scan.ts'
import { recordNote, type Run, type StoredRun, type StoreOptions } from '../model/store.ts'
import type { Summary } from '../report/summary.ts'

/** Of a redo: the run whose rows it sends again, and whether they came from a fixed file. */
export interface RedoFacts {
  readonly parent: string
  readonly isMended: boolean
}

/** Of an apply: the plan that it sends, and whether it compares customers with the plan before it sends. */
export interface PlannedFacts {
  /** An absolute path. */
  readonly plan: string
  readonly sha256: string
  readonly isVerified: boolean
}

/** Of a rollback: the run whose changes it restores. */
export interface RollbackFacts {
  readonly parent: string
}

/** What a run is bound to: digests of the input, the mapping and the plan, and where it sends. */
export type RunBinding = Readonly<Record<'input' | 'host' | 'account' | 'mapping' | 'encoding', string>> & {
  readonly plan?: string
}

/** What a job takes over from an earlier run or plan. */
export interface JobFacts {
  readonly redo?: RedoFacts | undefined
  readonly planned?: PlannedFacts | undefined
  readonly rollback?: RollbackFacts | undefined
}

/** The run whose rows are sent again, or whose changes are restored. */
export function parentOf({ redo, rollback }: JobFacts): string | undefined {
  return (redo ?? rollback)?.parent
}

export interface RunRecord extends JobFacts {
  /** Paths are absolute; `runId` is there only if it has to be named to find the run again. */
  readonly options: RecordedOptions
  /** Of the input. */
  readonly format: 'csv' | 'ndjson'
  readonly bytes: number
  readonly rows: number
  readonly calls: number
}

type Noted = Pick<StoredRun, 'note'>

const endingName = 'ending'
const scanName = 'scan'

/** Stores how the run was begun, signed. What stopped an earlier session says nothing about this one. */
export async function keepRecord(
  run: Pick<Run, 'note' | 'setNote' | 'noteLater'>,
  record: Omit<RunRecord, 'options'> & { readonly options: JsonObject },
  sign: (text: string) => string,
): Promise<void> {
  if (run.note(endingName) !== undefined) run.noteLater(endingName, '')
  const text = JSON.stringify(record)
  await run.setNote(...signedRecord(sign(text), text))
}

/** The name and the value of the note: a line with the signature, then the record. */
export function signedRecord(signature: string, text: string): readonly [name: string, value: string] {
  return [recordNote, `${signature}\n${text}`]
}

export function recordText(run: Noted): { readonly signature: string; readonly text: string } {
  const [signature = '', text = ''] = (run.note(recordNote) ?? '').split('\n')
  return { signature, text }
}

/** Keeps what stopped a session, for reports before the run is resumed. */
export function keepEnding(run: Pick<Run, 'setNote'>, { code, exitCode }: BulkUpdateError): Promise<void> {
  return run.setNote(endingName, JSON.stringify({ code, exitCode }))
}

/** What stopped the last session of an unfinished run; undefined if it ended at `--limit` or was killed. */
export function readEnding(run: Noted): { readonly code: string; readonly exitCode: number } | undefined {
  const { code, exitCode } = parsed(run.note(endingName)) ?? {}
  return typeof code === 'string' && typeof exitCode === 'number' ? { code, exitCode } : undefined
}

/** Returns undefined if the run has no record, or one that cannot be understood. */
export function readRecord(run: Noted): RunRecord | undefined {
  const record = parsed(recordText(run).text)
  if (!isStoredRecord(record)) return undefined
  const options = readRecordedOptions(record.options)
  const { format, bytes, rows, calls, redo, planned, rollback } = record
  return options === undefined ? undefined : { options, format, bytes, rows, calls, redo, planned, rollback }
}

/** Another version may have written it. */
function isStoredRecord(
  found: unknown,
): found is Omit<RunRecord, 'options'> & { readonly options: JsonObject } {
  if (!hasMembers(found, { options: 'object', bytes: 'number', rows: 'number', calls: 'number' }))
    return false
  const { format, options, redo, planned, rollback } = found
  return (
    (format === 'csv' || format === 'ndjson') &&
    isJsonObject(options) &&
    (redo === undefined || hasMembers(redo, { parent: 'string', isMended: 'boolean' })) &&
    (planned === undefined ||
      hasMembers(planned, { plan: 'string', sha256: 'string', isVerified: 'boolean' })) &&
    (rollback === undefined || hasMembers(rollback, { parent: 'string' }))
  )
}

function parsed(text: string | undefined): JsonObject | undefined {
  const value = text === undefined ? undefined : parseJson(text)
  return isJsonObject(value) ? value : undefined
}

export function keepScan(run: Pick<Run, 'setNote'>, found: Scan): Promise<void> {
  const { set, cleared, ...rest } = found
  return run.setNote(scanName, JSON.stringify({ ...rest, set: [...set], cleared: [...cleared] }))
}

/** The scan of an open run of the same input and mapping. Returns undefined if there is none. */
export function recallScan(
  run: StoredRun | undefined,
  binding: Readonly<Record<string, string>>,
): Scan | undefined {
  if (run === undefined || run.state === 'finished') return undefined
  const held: typeof binding = { ...run.facts, host: run.host, account: run.account }
  const isSame = Object.entries(binding).every(([name, value]) => held[name] === value)
  const found = isSame ? parseJson(run.note(scanName) ?? '') : undefined
  if (!isStoredScan(found)) return undefined
  return { ...found, set: new Map(found.set), cleared: new Map(found.cleared) }
}

/** What the summary says of the scan: columns of the preset that are missing, and what was left out. */
export function readScanNotes(run: Noted): Pick<Summary, 'missing_columns' | 'set_aside'> {
  const found = parsed(run.note(scanName))
  if (!isStoredScan(found)) return {}
  const { missingColumns, setAside } = found
  return {
    ...(missingColumns === undefined ? {} : { missing_columns: missingColumns }),
    ...(setAside === undefined ? {} : { set_aside: setAside }),
  }
}

const counts = [
  'rows',
  'calls',
  'unchanged',
  'invalid',
  'customers',
  'repeatedCustomers',
  'duplicateRows',
] as const

type Fields = readonly (readonly [field: string, rows: number])[]
type StoredScan = Omit<Scan, 'set' | 'cleared'> & { readonly set: Fields; readonly cleared: Fields }

/** `keepScan` wrote it, so only its shape is examined. */
function isStoredScan(value: unknown): value is StoredScan {
  return (
    isJsonObject(value) &&
    counts.every((name) => typeof value[name] === 'number') &&
    [value['set'], value['cleared'], value['findings'], value['warnings']].every(Array.isArray)
  )
}

/** Of a run with `--only-changed`: what it found when it began, `first` or `known`. */
export const stateNote = 'state'
/** The export that it sent, and how many customers are missing from it. */
export const exportNote = 'export'
export const vanishedNote = 'vanished'
/** Answers with texts that are longer than such texts are, or none of their kind. */
export const unfitNote = 'unfit_texts'
/** How many fields were left out of rows that were sent. */
export const leftOutNote = 'fields_left_out'

/** What the summary says of a run with `--only-changed`. */
export function readSyncNotes(run: Noted, unchanged: number): Pick<Summary, 'sync'> {
  if (run.note(exportNote) === undefined) return {}
  const count = (name: string): number => Number(run.note(name) ?? 0)
  const found = { fields_left_out: count(leftOutNote), vanished: count(vanishedNote) }
  return { sync: { state: run.note(stateNote) ?? '', unchanged, ...found } }
}

/** Where a run is found, and a host that each call has to name. */
export interface RunAddress extends StoreOptions {
  readonly allowHost?: string | undefined
}

/** The command that resumes a run that is not finished, as a user can type it. */
export function commandToResume({
  runId,
  record,
}: {
  readonly runId: string
  readonly record: RunRecord
}): string {
  const { options, redo, planned, rollback } = record
  const { input, encoding: _, ...original } = options
  if (redo !== undefined) {
    // Without a fixed file, the input is read as the parent read it.
    const own = redo.isMended
      ? [`--from=${shellWord(input)}`, ...flagsOf('redo', options)]
      : flagsOf('redo', original)
    return ['rapyd-bulk redo', shellWord(redo.parent), ...own].join(' ')
  }
  if (rollback !== undefined)
    return ['rapyd-bulk rollback', shellWord(rollback.parent), ...flagsOf('rollback', options)].join(' ')
  if (planned !== undefined)
    return [commandToApply(planned.plan, planned.isVerified), ...flagsOf('apply', options)].join(' ')
  const named = input === '-' ? { ...options, runId } : options
  return ['rapyd-bulk update', shellWord(input), ...flagsOf('update', named)].join(' ')
}

/** The command that sends again what a finished run left not updated. */
export function commandToRedo(runId: string, place: RunAddress): string {
  return ['rapyd-bulk redo', shellWord(runId), ...placeFlags(place)].join(' ')
}

/** The command that restores what a run changed. */
export function commandToRollback(runId: string, place: RunAddress): string {
  return ['rapyd-bulk rollback', shellWord(runId), ...placeFlags(place)].join(' ')
}

/** The command that sends a plan. An apply reads each customer once anyway, so `--verify` costs nothing more. */
export function commandToApply(path: string, isVerified = true, { allowHost }: RunAddress = {}): string {
  const verify = isVerified ? ['--verify'] : []
  return ['rapyd-bulk apply', shellWord(path), ...verify, ...placeFlags({ allowHost })].join(' ')
}

/** Such a run is found by its id, if its store is named. */
function placeFlags({ store, stateDir, allowHost }: RunAddress): readonly string[] {
  const flags = { store, 'state-dir': store === undefined ? stateDir : undefined, 'allow-host': allowHost }
  return Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}=${shellWord(value)}`],
  )
}

function flagsOf(command: CommandName, given: Partial<RecordedOptions>): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const option = optionTable.get(name)
    if (option?.commands.includes(command) !== true || value === undefined || isDefault(option, value))
      return []
    const flag = toFlag(name)
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`]
    const values = name === 'ignoreColumns' && Array.isArray(value) ? asGiven(value) : [value].flat()
    return values.map((item) => `--${flag}=${shellWord(String(item))}`)
  })
}

/** A text with commas is followed by the names that were read from it. They are left out, or they would be given twice. */
function asGiven(names: readonly unknown[]): readonly string[] {
  const texts: string[] = []
  for (let at = 0; at < names.length; at++) {
    const text = String(names[at])
    texts.push(text)
    if (text.includes(',')) at += text.split(',').length
  }
  return texts
}
