/**
 * What a run keeps of how it was begun, so that it can be listed, reported and continued without its command line: an
 * allow-list of options, and what the first pass counted. Never a key.
 */
import { readRecordedOptions } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import type { JournalReader } from '../store/journal-reader.ts'
import type { RunJournal } from '../store/journal.ts'
import type { Scan } from '../model/scan.ts'
import { inJournal } from '../store/saved-journal.ts'

/** Of a redo: the run whose rows it sends again, and whether they came from a fixed file. */
export interface RedoFacts {
  readonly parent: string
  readonly isMended: boolean
}

/** Of an apply: the plan that it sends, and whether it looks at customers before it sends to them. */
export interface PlannedFacts {
  /** An absolute path. */
  readonly plan: string
  readonly sha256: string
  readonly isVerified: boolean
}

/** Of a rollback: the run that it takes back. */
export interface RollbackFacts {
  readonly parent: string
}

export interface RunRecord {
  /** Paths are absolute; `runId` is there only where it has to be named to find the run again. */
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

const recordKey = 'record'

/** Stores how the run was begun. What stopped an earlier session says nothing about this one. */
export function keepRecord(
  journal: RunJournal,
  record: Omit<RunRecord, 'options'> & { readonly options: JsonObject },
): void {
  journal.set(recordKey, JSON.stringify(record))
  if (journal.get(endingKey) !== undefined) journal.set(endingKey, '')
}

const endingKey = 'ending'

/** Keeps what stopped a session, for reports before the run is resumed. */
export function keepEnding(journal: RunJournal, { code, exitCode }: BulkUpdateError): void {
  journal.set(endingKey, JSON.stringify({ code, exitCode }))
}

/** What stopped the last session of an unfinished run; undefined if it was a canary or was killed. */
export function readEnding(
  journal: JournalReader,
): { readonly code: string; readonly exitCode: number } | undefined {
  const { code, exitCode } = parsed(journal.get(endingKey)) ?? {}
  return typeof code === 'string' && typeof exitCode === 'number' ? { code, exitCode } : undefined
}

/** Returns undefined if the journal has no record, or one that cannot be understood. */
export function readRecord(journal: Pick<JournalReader, 'get'>): RunRecord | undefined {
  const record = parsed(journal.get(recordKey))
  if (record === undefined || !isJsonObject(record['options'])) return undefined
  const options = readRecordedOptions(record['options'])
  const { format, bytes, rows, calls } = record
  if (options === undefined || (format !== 'csv' && format !== 'ndjson')) return undefined
  if (typeof bytes !== 'number' || typeof rows !== 'number' || typeof calls !== 'number') return undefined
  const redo = record['redo'] === undefined ? undefined : redoOf(record['redo'])
  const planned = record['planned'] === undefined ? undefined : plannedOf(record['planned'])
  const rollback = record['rollback'] === undefined ? undefined : rollbackOf(record['rollback'])
  if (redo === null || planned === null || rollback === null) return undefined
  return {
    options,
    format,
    bytes,
    rows,
    calls,
    ...(redo === undefined ? {} : { redo }),
    ...(planned === undefined ? {} : { planned }),
    ...(rollback === undefined ? {} : { rollback }),
  }
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
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const key = 'scan'

export function rememberScan(journal: RunJournal, found: Scan): void {
  const { set, cleared, ...rest } = found
  journal.set(key, JSON.stringify({ ...rest, set: [...set], cleared: [...cleared] }))
}

/** Returns undefined if there is no open run with these facts in the directory, or it holds no scan. */
export function recallScan(directory: string, facts: Readonly<Record<string, string>>): Scan | undefined {
  return inJournal(directory, (journal) => {
    const isThisRun = Object.entries(facts).every(([name, value]) => journal.get(name) === value)
    if (!isThisRun || journal.get('state') === 'finished') return undefined
    return parseScan(journal.get(key) ?? '')
  })
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

function parseScan(text: string): Scan | undefined {
  const found = parseJson(text)
  if (!isStoredScan(found)) return undefined
  return { ...found, set: new Map(found.set), cleared: new Map(found.cleared) }
}

type Fields = readonly (readonly [field: string, rows: number])[]
type StoredScan = Omit<Scan, 'set' | 'cleared'> & { readonly set: Fields; readonly cleared: Fields }

/** Written by `rememberScan` of the same journal version, so that its shape is all there is to check. */
function isStoredScan(value: unknown): value is StoredScan {
  return (
    isJsonObject(value) &&
    counts.every((name) => typeof value[name] === 'number') &&
    [value['set'], value['cleared'], value['findings'], value['warnings']].every(Array.isArray)
  )
}
