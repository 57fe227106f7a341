/**
 * Rows that are like thousands before them: nothing is wrong with them or doubtful, and the first that showed the same were read. They
 * are counted as bytes, in 2 µs where reading takes eight. What is counted stands in the scan as if they had been read.
 */
import type { RawRecord } from '../domain/raw-record.ts'
import type { CountedRows } from '../pipeline/scan.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { unusualId } from '../rapyd/doubts.ts'
import type { BlankCounts } from './cell-counts.ts'
import { createFieldCounts } from './field-counts.ts'
import type { CountedField } from './field-counts.ts'
import type { PlainCell } from './plain-cell.ts'
import { createToldDoubt } from './told-doubt.ts'

/** A column of the file, in the header's order. */
export interface PlainColumn extends CountedField {
  readonly cell: PlainCell
}

export interface ReadCustomers {
  /** Reads the id that lies in `bytes`; false where it is not of the usual form. */
  readUsual(bytes: Uint8Array, start: number, end: number): boolean
  /** Reads any other. */
  readOther(customerId: string): void
  /** Counts the one that was read last. */
  addRead(): void
}

export interface PlainRowsParts {
  readonly columns: readonly PlainColumn[]
  /** Paths that every row sets. */
  readonly constants: readonly string[]
  readonly id: number
  /** How often a doubt is told before it is only counted. */
  readonly timesTold: number
  readonly customers: ReadCustomers
  readonly cells: BlankCounts
  /** Asked last, of a row that need not be read for what is counted here. Where it says true, the row is plain. */
  readonly passes: (record: RawRecord) => boolean
}

export interface PlainRows {
  /** True where the row is plain, and counted; else nothing has happened, and it must be read. */
  readonly takes: (record: RawRecord) => boolean
  /** All of them. Asked once, when the file has ended. */
  readonly counted: () => CountedRows
}

export function createPlainRows(parts: PlainRowsParts): PlainRows {
  const { columns, constants, id, timesTold, customers, cells, passes } = parts
  const fields = createFieldCounts(columns, constants, timesTold)
  const { setLooks, clearLooks } = fields
  const refusesBlank = Uint8Array.from(columns, ({ blank }) => (blank === 'refuse' ? 1 : 0))
  const isField = Uint8Array.from(columns, ({ path }) => (path === '' ? 0 : 1))
  const bits = Int32Array.from(columns, ({ address }) => (address < 0 ? 0 : 1 << address))
  const addresses = bits.reduce((all, bit) => all | bit, 0)
  const alwaysSends =
    constants.length > 0 ||
    columns.some(({ path, blank, address }) => path !== '' && blank === 'clear' && address < 0)
  const unusual = createToldDoubt({ code: 'W_UNUSUAL_ID', field: 'customer', message: unusualId }, timesTold)

  function takes(record: RawRecord): boolean {
    const { bytes, starts, ends, kinds } = record
    const idStart = starts[id] ?? 0
    const idEnd = ends[id] ?? 0
    const isUsual = customers.readUsual(bytes, idStart, idEnd)
    const otherId = isUsual ? '' : bytes.toString('latin1', idStart, idEnd)
    if (!isUsual && !isCustomerId(otherId)) return false
    let filledAddresses = 0
    let filledFields = 0
    let looks = 0
    for (let index = 0; index < columns.length; index++) {
      const start = starts[index] ?? 0
      const end = ends[index] ?? 0
      looks |= setLooks[index] ?? 0
      if (start === end) {
        if (refusesBlank[index] === 1) return false
        looks |= clearLooks[index] ?? 0
      } else if (columns[index]?.cell.isPlain(bytes, start, end, kinds[index] ?? 0) !== true) return false
      else {
        filledFields += isField[index] ?? 0
        filledAddresses |= bits[index] ?? 0
      }
    }
    if (filledFields === 0 && !alwaysSends) return false
    const blankAddresses = addresses & ~filledAddresses
    const isFirst = looks !== 0 && fields.isFirst(record, blankAddresses)
    const isFirstUnusual = !isUsual && unusual.isFirst()
    if (isFirst || isFirstUnusual || !passes(record)) return false
    if (!isUsual) {
      unusual.add()
      customers.readOther(otherId)
    }
    customers.addRead()
    fields.add(blankAddresses)
    cells.add(record)
    return true
  }

  return {
    takes,
    counted() {
      const { doubts, ...counted } = fields.counted(cells.blanks)
      return { ...counted, doubts: [...doubts, ...unusual.counted()] }
    },
  }
}
