/**
 * What a run keeps of how it was begun, so that it can be listed, reported and continued without its command line: an
 * allow-list of options, and what the scan counted. Never a key.
 */
import { readRecordedOptions } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { Scan } from '../model/scan.ts'
import type { Run, StoredRun } from '../model/store.ts'
import type { RunFacts } from '../report/summary.ts'

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

export interface RunRecord {
  /** Paths are absolute; `runId` is there only if it has to be named to find the run again. */
  readonly options: RecordedOptions
  /** Of the input. */
  readonly format: 'csv' | 'ndjson'
  readonly bytes: number
  readonly rows: number
  readonly calls: number
  readonly redo?: RedoFacts | undefined
  readonly planned?: PlannedFacts | undefined
  readonly rollback?: RollbackFacts | undefined
}

type Noted = Pick<StoredRun, 'note'>

export const recordName = 'record'
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
  return [recordName, `${signature}\n${text}`]
}

export function recordText(run: Noted): { readonly signature: string; readonly text: string } {
  const [signature = '', text = ''] = (run.note(recordName) ?? '').split('\n')
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
  if (record === undefined || !isJsonObject(record['options'])) return undefined
  const options = readRecordedOptions(record['options'])
  const { format, bytes, rows, calls } = record
  if (options === undefined || (format !== 'csv' && format !== 'ndjson')) return undefined
  if (typeof bytes !== 'number' || typeof rows !== 'number' || typeof calls !== 'number') return undefined
  const redo = record['redo'] === undefined ? undefined : redoOf(record['redo'])
  const planned = record['planned'] === undefined ? undefined : plannedOf(record['planned'])
  const rollback = record['rollback'] === undefined ? undefined : rollbackOf(record['rollback'])
  if (redo === null || planned === null || rollback === null) return undefined
  return { options, format, bytes, rows, calls, redo, planned, rollback }
}

function redoOf(found: JsonValue): RedoFacts | null {
  const { parent, isMended } = isJsonObject(found) ? found : {}
  return typeof parent === 'string' && typeof isMended === 'boolean' ? { parent, isMended } : null
}

function plannedOf(found: JsonValue): PlannedFacts | null {
  const { plan, sha256, isVerified } = isJsonObject(found) ? found : {}
  if (typeof plan !== 'string' || typeof sha256 !== 'string' || typeof isVerified !== 'boolean') return null
  return { plan, sha256, isVerified }
}

function rollbackOf(found: JsonValue): RollbackFacts | null {
  const { parent } = isJsonObject(found) ? found : {}
  return typeof parent === 'string' ? { parent } : null
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
  facts: Readonly<Record<string, string>>,
): Scan | undefined {
  if (run === undefined || run.state === 'finished') return undefined
  const held: typeof facts = { ...run.facts, host: run.host, account: run.account }
  const isSame = Object.entries(facts).every(([name, value]) => held[name] === value)
  const found = isSame ? parseJson(run.note(scanName) ?? '') : undefined
  if (!isStoredScan(found)) return undefined
  return { ...found, set: new Map(found.set), cleared: new Map(found.cleared) }
}

/** What the summary says of the scan: columns of the preset that are missing, and what was left out. */
export function readScanNotes(run: Noted): Pick<RunFacts, 'missing_columns' | 'set_aside'> {
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
