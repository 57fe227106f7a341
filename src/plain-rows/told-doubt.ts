/** A doubt about a row as a whole, which is told of the first ones and then only counted. */
import type { CountedDoubt } from '../pipeline/scan.ts'

export interface ToldDoubt {
  /** True where the row that has it must be read, for the doubt to be told. */
  isFirst(): boolean
  add(): void
  /** What was added, if anything was. */
  readonly counted: () => readonly CountedDoubt[]
}

export function createToldDoubt(doubt: Omit<CountedDoubt, 'rows'>, timesTold: number): ToldDoubt {
  let told = 0
  let rows = 0
  return {
    isFirst() {
      if (told === timesTold) return false
      told++
      return true
    },
    add() {
      rows++
    },
    counted: () => (rows === 0 ? [] : [{ ...doubt, rows }]),
  }
}
