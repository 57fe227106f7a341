/** Rows that set and clear each field, counted without a text: what the scan counts of rows that it reads. */
import type { RawRecord } from '../domain/raw-record.ts'
import type { CountedDoubt, CountedRows } from '../pipeline/scan.ts'

/** What a column is for, in the header's order. */
export interface CountedField {
  /** Path of the patch; empty where the column is the customer id or set aside. */
  readonly path: string
  /** What a blank does; a row with one that is refused is read. */
  readonly blank: 'clear' | 'keep' | 'refuse'
  /** Number of the address that the field is inside of, or -1. */
  readonly address: number
  /** What is doubtful about a blank, or empty. */
  readonly doubt: string
}

export interface FieldCounts {
  /** By column: not 0 where a row with such a cell may have to be read because it is one of the first. */
  readonly setLooks: Int32Array
  readonly clearLooks: Int32Array
  /** Whether the row is one of the first. `blankAddresses`: bits of the addresses that it only has blanks for. */
  isFirst(record: RawRecord, blankAddresses: number): boolean
  add(blankAddresses: number): void
  /** `blanks`: rows in which each column is blank. */
  counted(blanks: Uint32Array): CountedRows
}

/** `constants`: paths that every row sets. `timesTold`: how often a doubt is told before it is only counted. */
export function createFieldCounts(
  fields: readonly CountedField[],
  constants: readonly string[],
  timesTold: number,
): FieldCounts {
  /** How many more rows have to be read: the first ones are shown, and they decide in which order fields are listed. */
  const setLooks = Int32Array.from(fields, ({ path }) => (path === '' ? 0 : 1))
  const clearLooks = Int32Array.from(fields, ({ path, blank, doubt }) =>
    path === '' || blank !== 'clear' ? 0 : doubt === '' ? 1 : timesTold,
  )
  /** Rows that leave an address out, by its number. */
  const leftOut = new Uint32Array(32)
  let rows = 0

  return {
    setLooks,
    clearLooks,
    isFirst({ starts, ends }, blankAddresses) {
      let isFirst = false
      for (const [index, { blank, address }] of fields.entries()) {
        const isBlank = starts[index] === ends[index]
        const isLeft = address >= 0 && ((blankAddresses >>> address) & 1) === 1
        if (isBlank && (blank !== 'clear' || isLeft)) continue
        if (take(setLooks, index)) isFirst = true
        if (isBlank && take(clearLooks, index)) isFirst = true
      }
      return isFirst
    },
    add(blankAddresses) {
      rows++
      for (let left = blankAddresses; left !== 0; left &= left - 1) {
        const address = 31 - Math.clz32(left & -left)
        leftOut[address] = (leftOut[address] ?? 0) + 1
      }
    },
    counted(blanks) {
      const [set, cleared] = [new Map<string, number>(), new Map<string, number>()]
      const doubts: CountedDoubt[] = []
      for (const [index, { path, blank, address, doubt }] of fields.entries()) {
        if (path === '') continue
        const blankRows = blanks[index] ?? 0
        const clears = blank === 'clear' ? blankRows - (leftOut[address] ?? 0) : 0
        const sets = rows - blankRows + clears
        if (sets > 0) set.set(path, sets)
        if (clears === 0) continue
        cleared.set(path, clears)
        if (doubt !== '') doubts.push({ code: 'W_DOUBTFUL_CLEAR', field: path, message: doubt, rows: clears })
      }
      if (rows > 0) for (const path of constants) set.set(path, rows)
      return { rows, set, cleared, doubts }
    },
  }
}

/** True where there is one left. */
function take(looks: Int32Array, index: number): boolean {
  const left = looks[index] ?? 0
  if (left > 0) looks[index] = left - 1
  return left > 0
}
