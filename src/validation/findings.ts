/** Counts errors and warnings by code, field and message, with their first rows and a masked example. */
import { isSuspectBlank } from '../mapping/suspects.ts'
import type { ErrorCode, WarningCode } from '../model/errors.ts'
import type { SourceColumn } from '../model/row.ts'
import type { FoundKind } from '../model/scan.ts'

/** `field` is a path of the patch, or the name of the column or key; empty for the whole row. */
export interface Diagnosis<Code extends string = string> extends FoundKind<Code> {
  /** The first rows, at most five. */
  readonly places: readonly RowPlace[]
  /** The cell of the first row, masked: it holds no personal data. */
  readonly example?: string
}

export interface RowPlace {
  readonly row: number
  readonly line: number
}

/** One error or warning of one row, as it is streamed. */
export interface Defect {
  readonly severity: 'error' | 'warning'
  readonly code: ErrorCode | WarningCode
  readonly field: string
  readonly message: string
  readonly tip: string
  readonly row: number
  readonly line: number
  readonly column: SourceColumn | undefined
}

/** What is counted of one. `columnOf` and `exampleOf` are called for the first row of a kind. */
interface NewFinding<Code extends string> extends Pick<FoundKind<Code>, 'code' | 'field' | 'message'> {
  readonly place: RowPlace
  readonly columnOf: () => SourceColumn | undefined
  readonly exampleOf?: () => string | undefined
}

export type Findings<Code extends string> = ReturnType<typeof createFindings<Code>>

/** First rows of a kind that are kept. */
export const mostPlaces = 5
/** Bounds the memory, because every NDJSON row may have its own keys. Further kinds are counted together by code. */
const mostKinds = 500

/** A kind has one code and field, and also one message if `byMessage`. */
export function createFindings<Code extends string>(byMessage: boolean) {
  const kinds = new Map<string, Diagnosis<Code> & { rows: number; places: RowPlace[] }>()
  return {
    add({ code, field, message, place: { row, line }, columnOf, exampleOf }: NewFinding<Code>): void {
      // Messages of E_JSON name a place in the line, but count as one kind.
      const key = `${code}\n${field}\n${byMessage && code !== 'E_JSON' ? message : ''}`
      const isFull = kinds.size >= mostKinds
      const known = kinds.get(key) ?? (isFull ? kinds.get(code) : undefined)
      if (known !== undefined) {
        known.rows++
        if (known.places.length < mostPlaces) known.places.push({ row, line })
        return
      }
      const column = isFull ? undefined : columnOf()
      const example = exampleOf?.()
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
    /** Most frequent first. */
    list: (): readonly Diagnosis<Code>[] => [...kinds.values()].sort((left, right) => right.rows - left.rows),
  }
}

/** Characters that an example shows at most. */
const longestExample = 40

/** Prefixes of Rapyd's ids are no personal data. */
const idStart = /^\s*(?:cus|ewallet|card|other|address|payment|coupon)_/

/** A number that a spreadsheet has shortened. Only its digits are masked. */
const shortened = /^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i

/** Symbols of Unicode that are not masked. */
const plainSymbols = new Set('+<=>$~^`|\ufffd')

/**
 * Masks a cell for messages: letters become `a` or `A` and digits `9`. Signs stay, because they are often the error, unless there is
 * nothing else; so do zeros at the start, because they are often lost, but never more than half of the cell.
 */
export function maskCell(text: string): string {
  // What a program writes for nothing, or for an error, is no personal data.
  if (isSuspectBlank(text)) return text
  const characters = Array.from(text.slice(0, 2 * longestExample + 2))
  const cut = characters.length > longestExample ? `${characters.slice(0, longestExample).join('')}…` : text
  if (shortened.test(cut)) return cut.replace(/\d/g, '9')
  const start = idStart.exec(cut)?.[0] ?? ''
  const whole = cut.slice(start.length)
  const visible = whole.replace(/[\p{Z}\p{C}]/gu, '').length
  const zeros = /^0*/.exec(whole)?.[0].slice(0, visible >> 1) ?? ''
  const rest = whole.slice(zeros.length)
  const masked = /[\p{L}\p{N}]/u.test(rest) ? rest.replace(hiding, maskCharacter) : rest.replace(/\S/gu, '·')
  return start + zeros + masked
}

/** What is no sign: also letters without a meaning of their own in Unicode, and invisible ones that spell a text. */
const hiding = /[^\p{P}\p{Z}\p{Cc}\p{Cf}]|[\u{e0000}-\u{e007f}]/gu

function maskCharacter(character: string): string {
  if (plainSymbols.has(character)) return character
  if (/\p{N}/u.test(character)) return '9'
  if (!/\p{L}/u.test(character)) return '·'
  return /\p{Lu}/u.test(character) ? 'A' : 'a'
}
