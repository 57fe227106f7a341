/** Gathers what a report says of the rows, in the pass that writes `results`. Updated rows are only counted. */
import { hasMembers, parseJson } from '../../model/json.ts'
import { messageOfKind, needsAttention, splitNames, type Outcome } from '../../model/row.ts'
import { printable } from '../../model/text.ts'
import { jsonInScript } from '../escape.ts'
import { createTotals } from '../summary.ts'

export type ReportData = ReturnType<typeof createReportData>

/** With `values`, the report shows cells. */
export function createReportData(values?: RowValues) {
  const attention = createAttention(values)
  const timeline = createTimeline()
  const totals = createTotals()
  return {
    /** `record` is the text of a row that needs attention, if it is known. */
    add(outcome: Outcome, record?: string): void {
      totals.add(outcome)
      timeline.add(outcome)
      if (needsAttention(outcome.outcome)) attention.add(outcome, record)
    },
    attention,
    timeline,
    totals,
  }
}

/** The cells of rows. They are personal data, and the report has no other. */
export interface RowValues {
  /** Names of the columns; empty if a row is shown as it is written. */
  readonly names: readonly string[]
  /** Returns the cells of a record; undefined if it cannot be split, and is shown whole. */
  readonly split: (record: string) => readonly string[] | undefined
}

/** Longer texts are cut. */
const longest = 300

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
interface Kind {
  readonly number: number
  readonly facts: readonly [outcome: string, code: string, field: string, message: string]
  /** The code, field and message of `summary.json`. */
  readonly error: string
  readonly examples: number[]
}

export type Attention = ReturnType<typeof createAttention>

export function createAttention(values?: RowValues, most = mostListed) {
  const cells: (readonly string[])[] = []
  /** What Rapyd said about the same rows. */
  const words: string[] = []
  const kinds = new Map<string, Kind>()
  /** Row, line, customer and kind of each row, one after another. */
  const rows: (number | string)[] = []
  let listed = 0
  const factsOfKinds = () => Array.from(kinds.values(), ({ facts }) => facts)

  function kindOf({ outcome, errorCode, errorField, message: full }: Outcome): Kind {
    const message = messageOfKind(full)
    const error = errorKey(errorCode, errorField, message)
    const key = `${outcome}\0${error}`
    const facts = [outcome, errorCode, printable(errorField), printable(message)] as const
    const kind = kinds.get(key) ?? { number: kinds.size, facts, error, examples: [] }
    kinds.set(key, kind)
    return kind
  }

  return {
    /** Takes rows in row order, with the text of the record if it is known. */
    add(outcome: Outcome, record?: string): void {
      if (listed >= most) return
      listed++
      const { row, line, customerId } = outcome
      if (values !== undefined && record !== undefined && cells.length < mostValued) {
        cells.push((values.split(record) ?? [record]).map(shorten))
        words.push(outcome.apiMessage)
      }
      const { number, examples } = kindOf(outcome)
      if (examples.length < mostExamples) examples.push(row)
      rows.push(row, line, printable(customerId), number)
    },
    /** Rows of which cells are shown. */
    get valued(): number {
      return cells.length
    },
    get listed(): number {
      return listed
    },
    /** The first rows of an error, by the code, field and message of `summary.json`. */
    examplesOf(code: string, field: string, message: string): readonly number[] {
      const wanted = errorKey(code, field, message)
      const found = kinds.values().filter(({ error }) => error === wanted)
      return found
        .flatMap(({ examples }) => examples)
        .take(mostExamples)
        .toArray()
    },
    /** Outcomes and codes of the listed rows, for the filters. */
    choices: () => ({
      outcomes: [...new Set(factsOfKinds().map(([outcome]) => outcome))],
      codes: [...new Set(factsOfKinds().map(([, code]) => code))].filter((code) => code !== '').sort(),
    }),
    /** `{"kinds":[…],"rows":[row,line,customer,kind,row,…]}`, and with cells also `names`, `values` and `words`. Safe inside a script element. */
    json(): string {
      const shown =
        values === undefined || cells.length === 0
          ? {}
          : { names: values.names.map(shorten), values: cells, words }
      return jsonInScript(JSON.stringify({ kinds: factsOfKinds(), rows, ...shown }))
    },
  }
}

function errorKey(code: string, field: string, message: string): string {
  return `${code}\0${field}\0${message}`
}

export interface Slot {
  /** Milliseconds since 1970. */
  readonly start: number
  /** Rows whose last answer came in this slot. */
  calls: number
  /** Those of them that need attention. */
  errors: number
  /** Repeated attempts of these rows. */
  retries: number
  /** Those of them that a 429 caused. */
  throttled: number
}

const mostKept = 512

export function createTimeline() {
  let widthMs = 1_000
  /** Empty slots take no memory: a run that resumes the next day leaves a gap. Answers come in any order. */
  let kept = new Map<number, Slot>()
  const first = (): number => Math.min(...kept.keys())
  const last = (): number => Math.max(...kept.keys())

  function addTo(start: number, { calls, errors, retries, throttled }: Omit<Slot, 'start'>): void {
    const slot = kept.get(start) ?? emptySlot(start)
    slot.calls += calls
    slot.errors += errors
    slot.retries += retries
    slot.throttled += throttled
    kept.set(start, slot)
  }

  function doubleWidth(): void {
    widthMs *= 2
    const narrow = kept
    kept = new Map()
    for (const slot of narrow.values()) addTo(slot.start - (slot.start % widthMs), slot)
  }

  return {
    add({ finishedAt, outcome, retries }: Outcome): void {
      if (finishedAt === 0) return
      const reasons = splitNames(retries)
      addTo(finishedAt - (finishedAt % widthMs), {
        calls: 1,
        errors: needsAttention(outcome) ? 1 : 0,
        retries: reasons.length,
        throttled: reasons.filter((reason) => reason === 'throttled').length,
      })
      while (kept.size > mostKept) doubleWidth()
    },
    /** At most `most` slots of equal width, from the first answer to the last, without gaps. */
    slots(most: number) {
      while ((last() - first()) / widthMs >= most) doubleWidth()
      const slots: Slot[] = []
      for (let start = first(); start <= last(); start += widthMs)
        slots.push(kept.get(start) ?? emptySlot(start))
      return { widthMs, slots }
    },
  }
}

function emptySlot(start: number): Slot {
  return { start, calls: 0, errors: 0, retries: 0, throttled: 0 }
}

/** A time in which no request was sent. */
export interface Pause {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Rapyd answered 429, or did not answer at all. */
  readonly kind: 'blocked' | 'outage'
}

/** The note of a run that keeps its pauses. */
export const pausesKey = 'pauses'

/** Reads the pauses that a run has stored. What is no pause is left out. */
export function readPauses(text: string | undefined): readonly Pause[] {
  if (text === undefined) return []
  const found = parseJson(text)
  return Array.isArray(found) ? found.filter(isPause) : []
}

function isPause(value: unknown): value is Pause {
  if (!hasMembers(value, { from: 'number', to: 'number' })) return false
  return value['kind'] === 'blocked' || value['kind'] === 'outage'
}
