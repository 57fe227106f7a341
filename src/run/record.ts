/**
 * What a run keeps of how it was begun, so that it can be listed, reported and continued without its command line: an
 * allow-list of options, and what the first pass counted. Never a key.
 */
import { encodings } from '../input/encoding.ts'
import { resolve } from 'node:path'
import { isJsonObject } from '../domain/json.ts'
import type { JsonObject, JsonValue } from '../domain/json.ts'
import type { BulkUpdateError } from '../errors.ts'
import type { UpdateOptions } from '../options.ts'
import type { JournalReader } from '../store/journal-reader.ts'
import type { RunJournal } from '../store/journal.ts'
import type { PlannedFacts, RedoFacts, RollbackFacts, RunParts } from './parts.ts'
import type { Scan } from '../pipeline/scan.ts'

/** Which options are kept, and of which type each is. Keys, and what only concerns the screen, are not among them. */
const kept = {
  input: 'string',
  env: 'string',
  baseUrl: 'string',
  allowHost: 'string',
  format: 'string',
  delimiter: 'string',
  encoding: 'string',
  map: 'string',
  blank: 'string',
  duplicates: 'string',
  ignoreColumns: 'list',
  nullValues: 'list',
  literals: 'list',
  rate: 'string',
  reserve: 'string',
  concurrency: 'number',
  runId: 'string',
  runsDir: 'string',
  stateDir: 'string',
  onlyChanged: 'boolean',
  wholeRows: 'boolean',
  maxErrors: 'string',
  maxClears: 'string',
  strict: 'boolean',
  readBack: 'boolean',
  backup: 'boolean',
  resultsFormat: 'string',
  faults: 'string',
  seed: 'number',
} as const

export type RecordedOptions = Pick<UpdateOptions, keyof typeof kept>

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
  const isNamed = options.runId !== undefined || options.newRun === true || options.input === '-'
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

/** Those of the options that are kept, with absolute paths. */
export function recordedOptions(
  options: Partial<Record<keyof UpdateOptions, JsonValue | undefined>>,
): JsonObject {
  const { input, map, stateDir } = options
  const absolute = {
    ...options,
    ...(typeof input !== 'string' || input === '-' ? {} : { input: resolve(input) }),
    ...(typeof map !== 'string' ? {} : { map: resolve(map) }),
    ...(typeof stateDir !== 'string' ? {} : { stateDir: resolve(stateDir) }),
  }
  const found: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(absolute))
    if (value !== undefined && Object.hasOwn(kept, name)) found[name] = value
  return found
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
  const options = optionsOf(record['options'])
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

/** Values of another type than the table says make the record one of another version. */
export function optionsOf(found: JsonObject): RecordedOptions | undefined {
  for (const [name, type] of Object.entries(kept)) {
    const value = found[name]
    if (value === undefined) continue
    const fits = type === 'list' ? Array.isArray(value) && value.every(isText) : typeof value === type
    if (!fits) return undefined
  }
  return isRecorded(found) ? found : undefined
}

const choices = {
  env: ['sandbox', 'production', 'simulator'],
  format: ['csv', 'tsv', 'ndjson'],
  encoding: encodings,
  blank: ['clear', 'keep', 'reject'],
  duplicates: ['sequence', 'last', 'merge', 'reject'],
  resultsFormat: ['csv', 'ndjson'],
} as const

/** The types were compared with the table; what is left are the options that take one of a few words. */
function isRecorded(found: object): found is RecordedOptions {
  return (
    'input' in found &&
    Object.entries(choices).every(([name, words]) => {
      const value: unknown = Object.entries(found).find(([key]) => key === name)?.[1]
      return value === undefined || words.some((word) => word === value)
    })
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}
