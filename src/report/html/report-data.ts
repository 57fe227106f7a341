/** Gathers what the HTML report shows beyond the summary, in the pass that writes `results`. Updated rows are only counted. */
import { countUp } from '../../model/collections.ts'
import { messageOfKind, needsAttention, takenFields } from '../../model/row.ts'
import type { Outcome } from '../../model/row.ts'
import { printable } from '../../model/text.ts'
import { jsonInScript } from '../escape.ts'
import { createTimeline } from './timeline.ts'

export type ReportData = ReturnType<typeof createReportData>

/** More names than these are counted together: every row of NDJSON may have other keys of metadata. */
const mostFields = 1_000
const otherFields = 'other fields'

/** With `values`, the report shows cells. */
export function createReportData(values?: RowValues) {
  const attention = createAttention(values)
  const timeline = createTimeline()
  const changed = new Map<string, number>()
  const latencies = new Map<number, number>()
  return {
    /** `record` is the text of a row that needs attention, if it is known. */
    add(outcome: Outcome, record?: string): void {
      timeline.add(outcome)
      if (outcome.attempts > 0) countUp(latencies, outcome.latencyMs)
      if (needsAttention(outcome.outcome)) attention.add(outcome, record)
      for (const name of takenFields(outcome))
        countUp(changed, changed.has(name) || changed.size < mostFields ? name : otherFields)
    },
    attention,
    timeline,
    /** Calls by whole milliseconds of their last answer. */
    latencies,
    /** Updated rows by field that they set or cleared. */
    changed,
  }
}

/** The cells of rows. They are personal data, and the report has no other. */
export interface RowValues {
  /** Names of the columns; empty if a row is shown as it is written. */
  readonly names: readonly string[]
  /** Returns the cells of a record, or its whole text if it cannot be split. */
  readonly of: (record: string) => readonly string[]
}

/** Longer texts are cut. */
const longest = 300

/** `splitRecord` returns undefined if it cannot split a record into cells. NDJSON has no `names`. */
export function createRowValues(
  names: readonly string[],
  splitRecord: (record: string) => readonly string[] | undefined,
): RowValues {
  return { names: names.map(shorten), of: (record) => (splitRecord(record) ?? [record]).map(shorten) }
}

function shorten(text: string): string {
  const cut = text.trim()
  return printable(cut.length > longest ? `${cut.slice(0, longest)}…` : cut)
}

/** No browser opens a table of a million rows, and `errors` has them all. */
const mostListed = 100_000
/** Rows of which the report shows cells. */
const mostValued = 10_000
const mostExamples = 3

/** What many rows share: each row names its kind by number. */
type Kind = readonly [outcome: string, code: string, field: string, message: string]

export type Attention = ReturnType<typeof createAttention>

export function createAttention(values?: RowValues, most = mostListed) {
  const cells: (readonly string[])[] = []
  /** What Rapyd said about the same rows. */
  const words: string[] = []
  const kinds: Kind[] = []
  const numbers = new Map<string, number>()
  const examples = new Map<string, number[]>()
  /** Row, line, customer and kind of each row, one after another. */
  const rows: (number | string)[] = []
  let listed = 0

  /** Also notes the row as an example of its error. */
  function kindNumber({ outcome, errorCode, errorField, message: full, row }: Outcome): number {
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
    /** Takes rows in row order, with the text of the record if it is known. */
    add(outcome: Outcome, record?: string): void {
      if (listed >= most) return
      listed++
      const { row, line, customerId } = outcome
      if (values !== undefined && record !== undefined && cells.length < mostValued) {
        cells.push(values.of(record))
        words.push(outcome.apiMessage)
      }
      rows.push(row, line, printable(customerId), kindNumber(outcome))
    },
    /** Rows of which cells are shown. */
    get valued(): number {
      return cells.length
    },
    get listed(): number {
      return listed
    },
    /** The first rows of an error, by the code, field and message of `summary.json`. */
    examplesOf: (code: string, field: string, message: string): readonly number[] =>
      examples.get(errorKey(code, field, message)) ?? [],
    /** Outcomes and codes of the listed rows, for the filters. */
    choices: () => ({
      outcomes: [...new Set(kinds.map(([outcome]) => outcome))],
      codes: [...new Set(kinds.map(([, code]) => code))].filter((code) => code !== '').sort(),
    }),
    /** `{"kinds":[…],"rows":[row,line,customer,kind,row,…]}`, and with cells also `names`, `values` and `words`. Safe inside a script element. */
    json(): string {
      const shown =
        values === undefined || cells.length === 0 ? {} : { names: values.names, values: cells, words }
      return jsonInScript(JSON.stringify({ kinds, rows, ...shown }))
    },
  }
}

function errorKey(code: string, field: string, message: string): string {
  return `${code}\0${field}\0${message}`
}
