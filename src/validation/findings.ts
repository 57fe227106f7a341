/** Counts errors and warnings by code, field and message, with their first rows and a masked example. */
import type { FoundKind } from '../model/scan.ts'
import type { SourceColumn } from '../model/ports.ts'

/** `field` is a path of the patch, or the name of the column or key; empty where the whole row is meant. */
export interface Diagnosis<Code extends string = string> extends FoundKind<Code> {
  /** The first rows, at most five, the very first among them. */
  readonly places: readonly RowPlace[]
  /** The first one's cell, masked: no personal data. */
  readonly example?: string
}

export interface RowPlace {
  readonly row: number
  readonly line: number
}

/** One defect of one row. `columnOf` and `exampleOf` are asked for the few that are shown. */
export interface Noted<Code extends string> {
  readonly code: Code
  readonly field: string
  readonly message: string
  readonly place: RowPlace
  readonly columnOf: () => SourceColumn | undefined
  readonly exampleOf: () => string | undefined
}

export interface Findings<Code extends string> {
  note(noted: Noted<Code>): void
  /** Most frequent first. */
  list(): readonly Diagnosis<Code>[]
}

/** Rows that are named of each kind. */
const mostPlaces = 5
/** Keys of NDJSON and the words of its messages can be as many as there are rows; more kinds than this are counted together. */
const mostKinds = 500

interface DefectKind<Code extends string> extends Omit<Diagnosis<Code>, 'rows' | 'places'> {
  rows: number
  readonly places: RowPlace[]
}

export function createFindings<Code extends string>(): Findings<Code> {
  const kinds = new Map<string, DefectKind<Code>>()

  return {
    note({ code, field, message, place: { row, line }, columnOf, exampleOf }) {
      // What is wrong with JSON names its place in the line: that is no kind of its own.
      const key = `${code}\n${field}\n${code === 'E_JSON' ? '' : message}`
      const isFull = kinds.size >= mostKinds
      const known = kinds.get(key) ?? (isFull ? kinds.get(code) : undefined)
      if (known !== undefined) {
        known.rows++
        if (known.places.length < mostPlaces) known.places.push({ row, line })
        return
      }
      const column = isFull ? undefined : columnOf()
      const example = exampleOf()
      kinds.set(isFull ? code : key, {
        code,
        field: isFull ? '' : field,
        message: isFull ? 'further ones, of many kinds' : message,
        rows: 1,
        firstRow: row,
        firstLine: line,
        ...(column === undefined ? {} : { column }),
        places: [{ row, line }],
        ...(example === undefined ? {} : { example }),
      })
    },
    list: () => [...kinds.values()].sort((left, right) => right.rows - left.rows),
  }
}

/** Characters that an example shows at most. */
const longest = 40

/** Texts that say nothing about anybody. */
const errorOrEmpty = /^(?:#[A-Z0-9/]{2,8}[!?]?|\(?(?:null|nil|none|nan|n\/a|undefined)\)?)$/i

/** What ids begin with is Rapyd's own. */
const idStart = /^\s*(?:cus|ewallet|card|other|address|payment|coupon)_/

/** A number that a spreadsheet has shortened: its digits go, its form stays. */
const shortened = /^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i

/** Signs that Unicode counts among the symbols and that say nothing. */
const plainSigns = new Set('+<=>$~^`|\ufffd')

/** Of 40 characters at most. Zeros at the start stay: whether one is there is often the question. */
export function masked(text: string): string {
  if (errorOrEmpty.test(text)) return text
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  if (shortened.test(cut)) return cut.replace(/\d/g, '9')
  const start = idStart.exec(cut)?.[0] ?? ''
  const zeros = /^0*/.exec(cut.slice(start.length))?.[0] ?? ''
  const rest = cut.slice(start.length + zeros.length)
  return start + zeros + rest.replace(/[\p{L}\p{M}\p{N}\p{S}]/gu, maskedCharacter)
}

function maskedCharacter(character: string): string {
  if (plainSigns.has(character)) return character
  if (/\p{N}/u.test(character)) return '9'
  if (!/\p{L}/u.test(character)) return '·'
  return /\p{Lu}/u.test(character) ? 'A' : 'a'
}
