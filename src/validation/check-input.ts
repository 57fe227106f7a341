/** The first pass and what follows from it: what is in the input, whether it may be sent, and which rows are read for that. */
import type { BulkUpdateError } from '../model/errors.ts'
import type { Place } from '../model/row.ts'
import type { InputFile } from '../input/bytes.ts'
import type { RecordStart } from '../input/lines.ts'
import type { Head } from '../input/header.ts'
import { rowAt, rowsOf } from '../input/rows.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { mergeRows } from '../mapping/merge-rows.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { parseErrorLimit, parseExpectedRows, parsePercent } from '../config/values.ts'
import { mergedRows, onlyLastRows, withEarlierRows } from './duplicates.ts'
import type { DuplicateRows, CustomerCount, Examiner, ReadRow, Source } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { guard, refuseDuplicates } from './guards.ts'
import { scan } from './scan.ts'
import type { OnInvalid } from './scan.ts'
import { createLocate, createReadRow, rulesOf } from './prepare.ts'
import { rowWarnings } from '../rapyd/customer-fields.ts'
import { countCustomers } from '../store/customer-count.ts'

export interface InputParts {
  readonly file: InputFile
  readonly head: Head
  readonly options: ResolvedOptions
  readonly mapping: Mapping
  readonly onInvalid: OnInvalid
  readonly signal: AbortSignal
  /** What an earlier session of the run found. */
  readonly remembered?: Scan | undefined
  /** Looks at every row of the first pass. */
  readonly examiner?: Examiner | undefined
}

/** How rows are read and what each asks for; `--duplicates` decides it. */
export interface Reading {
  /** All rows, from the first, or from `start` on where rows stand for themselves. */
  readonly openRows: (start?: RecordStart) => Source
  readonly readRow: ReadRow
}

/** Stands around the rows of a first pass. */
export type Watched = (source: Source) => Source

export interface CheckedInput extends Reading {
  readonly found: Scan
  /** What keeps the input from being sent. */
  readonly refusal: BulkUpdateError | undefined
}

/**
 * `watched` stands around the rows of the first pass. There is a second one where rows are left out or merged, because
 * the guards judge what would be sent. Throws INPUT errors where the input cannot be trusted at all.
 */
export async function checkInput(
  parts: InputParts,
  watched: Watched = (source) => source,
): Promise<CheckedInput> {
  const { file, head, options, mapping } = parts
  const readRow = createReadRow(head, options.ignoreColumns, rulesOf(options), mapping)
  const plain: Reading = { openRows: (start) => rowsOf(file, head, start), readRow }
  // What is left out or merged is decided by all rows, and those of an earlier scan are not kept.
  if (options.duplicates === 'sequence') {
    const found = parts.remembered ?? (await scanReading(parts, plain, watched(plain.openRows())))
    return { ...plain, found, refusal: guardOf(found, options) }
  }
  const customers = countCustomers()
  const all = await scanReading(parts, plain, watched(plain.openRows()), customers)
  const reading = readingOf(parts, plain, customers.duplicates())
  const found =
    reading === plain
      ? all
      : await scanReading({ ...parts, onInvalid: () => {}, examiner: undefined }, reading, reading.openRows())
  const pair = options.duplicates === 'reject' ? customers.firstPair() : undefined
  const refusal =
    pair === undefined
      ? guardOf(found, options)
      : refuseDuplicates(found, await placesOf(plain.openRows(), pair))
  return { ...reading, found, refusal }
}

/** A pass over `source`, whose rows are read as `reading` says. Without `customers` they are counted and not kept. */
export async function scanReading(
  { head, options, mapping, onInvalid, signal, examiner }: InputParts,
  { readRow }: Reading,
  source: Source,
  customers?: CustomerCount,
): Promise<Scan> {
  const locate = createLocate(head, options.ignoreColumns, mapping)
  const given = { source, readRow, locate, doubts: rowWarnings, onInvalid, signal, examiner }
  if (customers !== undefined) return scan({ ...given, customers })
  const counted = countCustomers()
  try {
    return await scan({ ...given, customers: counted })
  } finally {
    counted.close()
  }
}

/** What keeps `found` from being sent. */
export function guardOf(found: Scan, options: ResolvedOptions): BulkUpdateError | undefined {
  return guard(found, {
    maxClearsPercent: parsePercent('max-clears', options.maxClears),
    maxErrors: parseErrorLimit(options.maxErrors),
    strict: options.strict,
    expectedRows: options.expectRows === undefined ? undefined : parseExpectedRows(options.expectRows),
  })
}

function readingOf(
  { file, head, options }: InputParts,
  plain: Reading,
  duplicateRows: DuplicateRows,
): Reading {
  const { duplicates } = options
  if (duplicateRows.earlierRows.size === 0) return plain
  const { openRows, readRow } = plain
  switch (duplicates) {
    case 'sequence':
    case 'reject':
      return plain
    case 'last':
      return { openRows, readRow: onlyLastRows(readRow, duplicateRows) }
    case 'merge':
      return {
        openRows: () =>
          withEarlierRows({
            source: openRows(),
            readRow,
            duplicateRows,
            merge: mergeRows,
            readAgain: (place) => rowAt(file, head, place),
            checkUnchanged: () => file.checkUnchanged(),
          }),
        readRow: mergedRows(readRow, duplicateRows, mergeRows),
      }
    default:
      return duplicates satisfies never
  }
}

/** The lines of rows are not kept for every customer; a refused file is read again for those of two. */
async function placesOf(source: Source, wanted: readonly number[]): Promise<readonly Place[]> {
  const places: Place[] = []
  for await (const rows of source) {
    places.push(...rows.filter(({ row }) => wanted.includes(row)))
    if (places.length === wanted.length) break
  }
  return places
}
