/**
 * What a run keeps of how it was begun, so that it can be listed, reported and continued without its command line: an
 * allow-list of options, and what the first pass counted. Never a key.
 */
import { readRecordedOptions, recordedOptions } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import type { JournalReader } from '../store/journal-reader.ts'
import type { RunJournal } from '../store/journal.ts'
import type { PlannedFacts, RedoFacts, RollbackFacts, RunParts } from './parts.ts'
import type { Scan } from '../model/scan.ts'

export interface RunRecord {
  /** Paths are absolute; `runId` is there only where it has to be named to find the run again. */
  readonly options: RecordedOptions
  /** Of the input. */
  readonly format: 'csv' | 'ndjson'
  readonly bytes: number
  readonly rows: number
  readonly calls: number
  readonly redo?: RedoFacts
  readonly planned?: PlannedFacts
  readonly rollback?: RollbackFacts
}

const recordKey = 'record'

export function keepRecord(journal: RunJournal, parts: RunParts, found: Scan): void {
  const { options, head, file, runId, redo, planned, rollback, runsDir } = parts
  const isNamed = options.runId !== undefined || options.newRun || options.input === '-'
  const record = {
    options: recordedOptions({
      ...options,
      runId: isNamed && redo === undefined ? runId : undefined,
      runsDir,
    }),
    format: head.format,
    bytes: file.size,
    rows: found.rows,
    calls: found.calls,
    redo,
    planned,
    rollback,
  }
  journal.set(recordKey, JSON.stringify(record))
  parts.keepPortrait?.(journal)
  if (parts.lineage !== undefined) journal.set('lineage', parts.lineage.join(','))
  // What stopped an earlier session says nothing about this one.
  if (journal.get(endingKey) !== undefined) journal.set(endingKey, '')
}

const endingKey = 'ending'

/** Keeps what stopped a session, for whoever reports on the run before it goes on. */
export function keepEnding(journal: RunJournal, { code, exitCode }: BulkUpdateError): void {
  journal.set(endingKey, JSON.stringify({ code, exitCode }))
}

/** What stopped the last session of a run that is not finished; nothing where it was a canary, or was killed. */
export function readEnding(
  journal: JournalReader,
): { readonly code: string; readonly exitCode: number } | undefined {
  const { code, exitCode } = parsed(journal.get(endingKey)) ?? {}
  return typeof code === 'string' && typeof exitCode === 'number' ? { code, exitCode } : undefined
}

/** Nothing where the journal was written before records were kept, or holds one that cannot be understood. */
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
