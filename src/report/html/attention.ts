/**
 * The rows that need attention, for the page's table. Most rows share what became of them, so each row names
 * its kind by number. Bounded: a page of a million bad rows would open nowhere, and `errors` has them all.
 */
import type { Outcome } from '../../model/outcome.ts'
import { printable } from '../../model/text.ts'
import { messageOfKind } from '../../model/row.ts'
import { insideScript } from './escape.ts'
import type { RowValues } from './row-values.ts'

export const mostListed = 100_000
/** Rows whose cells a page shows. */
const mostValued = 10_000
const mostExamples = 3

/** Outcome, code, field and message. */
type Kind = readonly [outcome: string, code: string, field: string, message: string]

export interface Attention {
  /** A row that needs attention, in row order, and the text of its record where it is known. */
  add(outcome: Outcome, record?: string): void
  readonly listed: number
  /** Rows whose cells are shown. */
  readonly valued: number
  /** The first rows of an error, as `summary.json` tells errors apart. */
  examplesOf(code: string, field: string, message: string): readonly number[]
  /** Outcomes and codes among the listed rows, for the filters. */
  choices(): { readonly outcomes: readonly string[]; readonly codes: readonly string[] }
  /** `{"kinds":[…],"rows":[row,line,customer,kind,row,…]}`, with `names` and `values` of the first rows where cells are shown, safe inside a script element. */
  json(): string
}

/** `values` shows cells, of the first rows; without it, there are none. */
export function createAttention(values?: RowValues, most = mostListed): Attention {
  const cells: (readonly string[])[] = []
  const kinds: Kind[] = []
  const numbers = new Map<string, number>()
  const examples = new Map<string, number[]>()
  /** Row, line, customer and number of kind of each, one after another. */
  const rows: (number | string)[] = []
  let listed = 0

  function numberOf({ outcome, errorCode, errorField, message: full, row }: Outcome): number {
    const message = messageOfKind(full)
    const error = errorKey(errorCode, errorField, message)
    const key = `${outcome}\0${error}`
    let number = numbers.get(key)
    if (number === undefined) {
      number = kinds.length
      kinds.push([outcome, errorCode, printable(errorField), printable(message)])
      numbers.set(key, number)
    }
    const known = examples.get(error)
    if (known === undefined) examples.set(error, [row])
    else if (known.length < mostExamples) known.push(row)
    return number
  }

  return {
    add(outcome, record) {
      if (listed >= most) return
      listed++
      const { row, line, customerId } = outcome
      if (values !== undefined && record !== undefined && cells.length < mostValued)
        cells.push(values.of(record))
      rows.push(row, line, printable(customerId), numberOf(outcome))
    },
    get valued() {
      return cells.length
    },
    get listed() {
      return listed
    },
    examplesOf: (code, field, message) => examples.get(errorKey(code, field, message)) ?? [],
    choices: () => ({
      outcomes: [...new Set(kinds.map(([outcome]) => outcome))],
      codes: [...new Set(kinds.map(([, code]) => code))].filter((code) => code !== '').sort(),
    }),
    json() {
      const shown = values === undefined || cells.length === 0 ? {} : { names: values.names, values: cells }
      return insideScript(JSON.stringify({ kinds, rows, ...shown }))
    },
  }
}

function errorKey(code: string, field: string, message: string): string {
  return `${code}\0${field}\0${message}`
}
