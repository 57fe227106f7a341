/** The first pass over the whole input, before anything is sent: counts and validates rows, then asks the guards. */
import type { ScannedInput, InputParts, RowReader, MappedInput } from './input-parts.ts'
import { rowsOf } from '../input/rows.ts'
import { findMissingColumns, refuseMissingColumns } from '../mapping/column-names.ts'
import { countEach } from '../model/collections.ts'
import type { ErrorCode, BulkUpdateError, WarningCode, OnWarning } from '../model/errors.ts'
import {
  isOutcome,
  type SourceColumn,
  type MalformedRow,
  type PatchedRow,
  type Place,
  type Row,
  type Outcome,
} from '../model/row.ts'
import type { ReadRow, Source, OnReplace } from '../model/ports.ts'
import type { OnSetAside, Scan, SetAside, SetAsideKind, Warning } from '../model/scan.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { rowWarnings } from '../rapyd/customer-fields.ts'
import { keysOf } from '../rapyd/metadata.ts'
import { addingUp, removesDiscount } from '../rapyd/operations.ts'
import { isRepeatable } from '../rapyd/requests.ts'
import { countCustomers, type CustomerCount } from '../store/customer-count.ts'
import { applyDuplicatePolicy } from './duplicates.ts'
import { createFindings } from './findings.ts'
import { guardOf, refuseDuplicates } from './guards.ts'
import { createLocate } from '../mapping/input-columns.ts'
import { columnsOf, createReadRow } from './row-reader.ts'

/**
 * Scans the input and asks the guards. With `--duplicates last` or `merge`, a second pass counts what would be sent.
 * Throws INPUT errors if the input cannot be trusted at all.
 */
export async function scanInput(parts: InputParts): Promise<ScannedInput> {
  const { file, head, options, mapping } = parts
  const readRow = createReadRow(parts)
  const aside = createAsideCounter(parts)
  let hasBrokenQuotes = true
  // Rows near a broken quote depend on rows before the start.
  const openRows: RowReader['openRows'] = (start) => rowsOf(file, head, hasBrokenQuotes ? undefined : start)
  const plain: RowReader = { openRows, readRow }
  const openFirst = (): Source => rowsOf(file, head, head.start, aside.add)
  const refusalOf = ({ missingColumns = [], ...found }: Scan): BulkUpdateError | undefined =>
    // A run that was begun continues.
    (parts.remembered === undefined
      ? refuseMissingColumns(mapping, missingColumns, found.set.size === 0)
      : undefined) ?? guardOf(found, options)
  const isSequence = options.duplicates === 'sequence'
  const customers = isSequence ? undefined : countCustomers()
  // It keeps no customers, and the other policies need all of them.
  const remembered = isSequence ? parts.remembered : undefined
  // Which rows `last` and `merge` send is known after the first pass.
  const isSecond = options.duplicates === 'last' || options.duplicates === 'merge'
  const onCalls = isSecond ? undefined : parts.onCalls
  const all = remembered ?? (await scanReading({ ...parts, onCalls }, plain, openFirst(), customers))
  const reader = customers === undefined ? plain : applyDuplicatePolicy(parts, plain, customers.duplicates())
  const counted =
    reader === plain && onCalls === parts.onCalls
      ? all
      : await scanReading({ ...parts, examiners: [] }, reader, reader.openRows())
  const scan = remembered ?? { ...counted, ...aside.list() }
  hasBrokenQuotes = scan.findings.some(({ code }) => code === 'E_QUOTE')
  const pair = options.duplicates === 'reject' ? customers?.firstPair() : undefined
  const refusal =
    pair === undefined ? refusalOf(scan) : refuseDuplicates(scan, await findPlaces(plain.openRows(), pair))
  return { ...reader, scan, refusal }
}

/** Scans `source`, whose rows `readRow` reads. `customers` gets every customer id; without it they are only counted. */
export async function scanReading(
  parts: InputParts,
  { readRow }: Pick<RowReader, 'readRow'>,
  source: Source,
  customers?: CustomerCount,
): Promise<Scan> {
  if (customers !== undefined) return scanRows(parts, readRow, source, customers)
  using counted = countCustomers()
  return await scanRows(parts, readRow, source, counted)
}

async function scanRows(
  parts: InputParts,
  readRow: ReadRow,
  source: Source,
  customers: CustomerCount,
): Promise<Scan> {
  const { signal, examiners = [], onCalls, afterBatch, mapping } = parts
  const locate = createLocate(columnsOf(parts))
  let [rows, unchanged, invalid] = [0, 0, 0]
  const calls = createCallCounter()
  const findings = createFindings<ErrorCode>(false)
  const warnings = createFindings<WarningCode>(false)
  const replaces = createReplaceCheck(mapping)
  const warnOfLostValues = createLostValueCheck()
  const keys = createKeyCollector(parts)
  let current: Row | MalformedRow | undefined
  const warn: OnWarning = (code, field, message) => {
    const row = current
    if (row !== undefined)
      warnings.add({ code, field, message, place: row, columnOf: () => locate(row, field) })
    for (const examiner of examiners) examiner?.warned?.(code, field, message)
  }
  // Outside of the loop, because a closure there would be allocated for every row.
  const addInvalid = (row: Row | MalformedRow, outcome: Outcome): void => {
    const { errorCode: code, errorField: field, message } = outcome
    if (code !== '') findings.add({ code, field, message, place: row, columnOf: () => locate(row, field) })
  }
  for await (const batch of source) {
    signal.throwIfAborted()
    const sent: PatchedRow[] = []
    for (const row of batch) {
      rows++
      keys.add(row)
      const read = readRow(row, replaces.see)
      for (const examiner of examiners) examiner?.row(row, read)
      const hasCall = !isOutcome(read)
      if (hasCall) {
        calls.add(read)
        if (onCalls !== undefined) sent.push(read)
      } else if (read.outcome === 'unchanged') unchanged++
      else {
        invalid++
        addInvalid(row, read)
      }
      current = row
      if (read.customerId !== '') {
        customers.add(read.customerId, row.row, hasCall)
        rowWarnings.unusualId(read.customerId, warn)
      }
      if (hasCall) {
        rowWarnings.clears(read, warn)
        warnOfLostValues(read, warn)
      }
      replaces.endRow(row, hasCall, warn)
    }
    await onCalls?.(sent)
    await afterBatch?.()
  }
  const unused = replaces.unused((field) => current && locate(current, field))
  return {
    rows,
    unchanged,
    invalid,
    ...customers.counts(),
    ...calls.counts(),
    findings: findings.list(),
    warnings: [...warnings.list(), ...unused],
    ...keys.missingColumns(),
  }
}

const lostMessage = 'a blank that clears what a row just before it sets for the same customer'

/** For lines of one customer that leave out what their first line has, as lines of orders do. */
function createLostValueCheck() {
  let first: PatchedRow | undefined
  /** What lines of this customer have set. Undefined after one line, as in most files. */
  let set: Set<string> | undefined
  return (row: PatchedRow, warn: OnWarning): void => {
    if (first?.customerId !== row.customerId) {
      first = row
      set = undefined
      return
    }
    set ??= new Set(pathsSet(first))
    for (const path of row.cleared) if (set.has(path)) warn('W_DOUBTFUL_CLEAR', path, lostMessage)
    for (const path of pathsSet(row)) set.add(path)
  }
}

function pathsSet({ fields, cleared }: PatchedRow): readonly string[] {
  return fields.filter((path) => !cleared.includes(path))
}

/** Counts rows that have a call, and what they do. */
function createCallCounter() {
  let [calls, extraCalls, metadataRows] = [0, 0, 0]
  const [set, cleared] = [new Map<string, number>(), new Map<string, number>()]
  const adding = new Map<string, number>()
  return {
    add(row: PatchedRow): void {
      const { patch } = row
      calls++
      if (keysOf(patch) !== undefined) metadataRows++
      countEach(set, row.fields)
      countEach(cleared, row.cleared)
      if (isRepeatable(patch)) return
      countEach(adding, addingUp(patch))
      if (removesDiscount(patch) && Object.keys(patch).length > 1) extraCalls++
    },
    counts: () => ({
      calls,
      metadataRows,
      set,
      cleared,
      ...(extraCalls === 0 ? {} : { extraCalls }),
      ...(adding.size === 0 ? {} : { addingUp: Object.fromEntries(adding) }),
    }),
  }
}

/** Counts what the reader leaves out. */
function createAsideCounter(input: MappedInput) {
  const { head } = input
  const found = new Map<SetAsideKind, SetAside>()
  const add: OnSetAside = (kind, line, count = 1) => {
    const known = found.get(kind)
    found.set(kind, { kind, count: (known?.count ?? 0) + count, line: known?.line ?? line })
  }
  if (head.format === 'csv') {
    const nameless = columnsOf(input)().filter(({ isNameless }) => isNameless)
    if (nameless.length > 0) add('nameless_columns', head.line, nameless.length)
    if (head.dialect.hasDoubledReturns === true) add('doubled_returns', head.line)
  }
  return {
    add,
    list: (): Pick<Scan, 'setAside'> => (found.size === 0 ? {} : { setAside: [...found.values()] }),
  }
}

/** With more keys, it is not known which are missing. */
const mostKeys = 1_000

/** Collects the keys of NDJSON rows under a preset, and finds its columns or keys that are missing. */
function createKeyCollector({ head, mapping, options }: MappedInput) {
  const isNeeded = head.format === 'ndjson' && mapping.origin === 'preset'
  const keys = new Set<string>()
  return {
    add(row: Row | MalformedRow): void {
      if (isNeeded && row.kind === 'ndjson' && keys.size <= mostKeys)
        for (const key of Object.keys(row.record)) keys.add(key)
    },
    missingColumns(): Pick<Scan, 'missingColumns'> {
      const names = head.format === 'csv' ? head.header : [...keys]
      if (keys.size > mostKeys) return {}
      const missingColumns = findMissingColumns(mapping, names, options.ignoreColumns)
      return missingColumns.length === 0 ? {} : { missingColumns }
    },
  }
}

interface SeenTexts {
  isHit: boolean
  others: number
  readonly first: Pick<Warning, 'firstRow' | 'firstLine'>
}

const alikeMessage = 'looks like a key of its replace, and is another text'
const unusedMessage = 'no text of this column is a key of its replace'

/** Finds what a `replace` of the mapping misses: texts that only look like one of its keys, and columns without any key. */
function createReplaceCheck({ columns }: Mapping) {
  const assignments = [...columns.values()].flatMap((column) => column.assignments)
  const isNeeded = assignments.some(({ changes }) => changes.some(({ compare }) => compare !== undefined))
  const fields = new Map<string, SeenTexts>()
  let texts: Parameters<OnReplace>[] = []
  const see: OnReplace = (field, comparison) => void texts.push([field, comparison])
  return {
    /** Gets the texts of a row, before `endRow`. Undefined if the mapping has no `replace`. */
    see: isNeeded ? see : undefined,
    /** Warns about the texts of a row that is sent. */
    endRow({ row, line }: Place, isSent: boolean, warn: OnWarning): void {
      if (texts.length === 0) return
      for (const [field, comparison] of texts) {
        const first = { firstRow: row, firstLine: line }
        const seen = fields.get(field) ?? { isHit: false, others: 0, first }
        fields.set(field, seen)
        if (comparison === 'other') seen.others++
        else seen.isHit = true
        if (comparison === 'alike' && isSent) warn('W_REPLACE_LOOKALIKE', field, alikeMessage)
      }
      texts = []
    },
    /** A warning for each field whose texts were all others. */
    unused: (locate: (field: string) => SourceColumn | undefined): readonly Warning[] =>
      [...fields].flatMap(([field, { isHit, others: rows, first }]) => {
        if (isHit) return []
        const column = locate(field)
        const found = { code: 'W_REPLACE_UNUSED', field, message: unusedMessage, rows, ...first } as const
        return [column === undefined ? found : { ...found, column }]
      }),
  }
}

/** Reads the source again, because the scan keeps no lines of rows. */
async function findPlaces(source: Source, wanted: readonly number[]): Promise<readonly Place[]> {
  const places: Place[] = []
  for await (const rows of source) {
    places.push(...rows.filter(({ row }) => wanted.includes(row)))
    if (places.length === wanted.length) break
  }
  return places
}
