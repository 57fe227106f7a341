/**
 * The rows that need attention, as compact JSON for the page's table. Most rows share what became of them, so each row names
 * its kind by number. Bounded: a page of a million bad rows would open nowhere, and `errors` has them all.
 */
import type { Outcome } from '../../domain/outcome.ts'
import { printable } from '../../domain/printable.ts'
import { insideScript } from './escape.ts'
import type { RowValues } from './row-values.ts'

export const mostListed = 100_000
/** Rows whose cells a page shows. */
const mostValued = 10_000
const mostExamples = 3
const batchRows = 1_000

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
  /** `{"kinds":[…],"rows":[row,line,customer,kind,row,…]}`, with `names` and `values` of the first rows where cells are shown, in pieces, safe inside a script element. */
  json(): Iterable<string>
}

/** `values` shows cells, of the first rows; without it, there are none. */
export function createAttention(values?: RowValues, most = mostListed): Attention {
  const cells: (readonly string[])[] = []
  const kinds: Kind[] = []
  const numbers = new Map<string, number>()
  const examples = new Map<string, number[]>()
  const pieces: string[] = []
  let batch: string[] = []
  let listed = 0

  function numberOf({ outcome, errorCode, errorField, message, row }: Outcome): number {
    const error = errorKey(errorCode, errorField, message)
    const key = `${outcome}\0${error}`
    let number = numbers.get(key)
    if (number === undefined) {
      number = kinds.length
      kinds.push([outcome, errorCode, printable(errorField), printable(message)])
      numbers.set(key, number)
    }
    const rows = examples.get(error)
    if (rows === undefined) examples.set(error, [row])
    else if (rows.length < mostExamples) rows.push(row)
    return number
  }

  return {
    add(outcome, record) {
      if (listed >= most) return
      listed++
      const { row, line, customerId } = outcome
      if (values !== undefined && record !== undefined && cells.length < mostValued)
        cells.push(values.of(record))
      batch.push(`${row},${line},${JSON.stringify(printable(customerId))},${numberOf(outcome)}`)
      if (batch.length < batchRows) return
      pieces.push(insideScript(batch.join(',')))
      batch = []
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
    *json() {
      yield `{"kinds":${insideScript(JSON.stringify(kinds))},"rows":[`
      const all = batch.length === 0 ? pieces : [...pieces, insideScript(batch.join(','))]
      for (const [index, piece] of all.entries()) yield index === 0 ? piece : `,${piece}`
      yield ']'
      if (values !== undefined && cells.length > 0)
        yield `,"names":${insideScript(JSON.stringify(values.names))},"values":${insideScript(JSON.stringify(cells))}`
      yield '}'
    },
  }
}

function errorKey(code: string, field: string, message: string): string {
  return `${code}\0${field}\0${message}`
}
