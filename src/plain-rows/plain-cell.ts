/**
 * The cells of one column as bytes: whether there is surely nothing wrong with one. Most are told by what they are
 * made of, or have been seen before; of others a text is made, and the rules that every text goes through decide.
 */
import { mostKeptOfOne } from '../doctor/columns.ts'
import type { Distinct } from '../doctor/distinct.ts'
import { createKnownTexts } from '../doctor/known-texts.ts'
import { placeholders } from '../doctor/text-damage.ts'
import { made } from '../domain/raw-record.ts'
import { suspects } from '../mapping/cells.ts'
import { isPlainDate, isPlainEmail, isPlainPhone } from '../rapyd/plain-bytes.ts'

/** What cells of a column mostly look like: nothing is known of `other` ones, and `any` will do where no rule is asked. */
export type CellForm = 'text' | 'code' | 'email' | 'phone' | 'date' | 'any' | 'other'

export interface PlainCellParts {
  readonly form: CellForm
  /** Whether there is nothing wrong with that text. */
  readonly isGood: (text: string) => boolean
  /** Texts that stand for a blank. */
  readonly nullValues: ReadonlySet<string>
  /** Where different texts are counted. */
  readonly distinct?: Distinct | undefined
  /** Years of birth that nobody doubts. */
  readonly years: readonly [from: number, to: number]
}

export interface PlainCell {
  /** `kind`: bits of `made`. */
  isPlain(bytes: Buffer, start: number, end: number, kind: number): boolean
  /** Counts the text among the different ones; false where those are not counted any more. */
  addDistinct(bytes: Buffer, start: number, end: number, kind: number): boolean
}

/** A text of more bytes is judged as a text. */
const longestTold = 4096
/** A longer one is no number that a spreadsheet has shortened. */
const longestNumber = 16
/** What a spreadsheet makes of a code: `12-Mar`. */
const longestShortDate = 6

export function createPlainCell({ form, isGood, nullValues, distinct, years }: PlainCellParts): PlainCell {
  const known = createKnownTexts(mostKeptOfOne)
  const words = [...suspects, ...placeholders, ...nullValues].map((text) => Buffer.from(text))
  const longestWord = Math.max(...words.map(({ length }) => length))
  /** By first byte: 0 where a text begins as any other. */
  const starts = Uint8Array.from({ length: 256 }, (_, byte) => (byte > 0x20 && byte < 0x7f ? 0 : otherStart))
  for (const word of words) starts[word[0] ?? 0] = wordStart
  /** A text of a usual beginning is plain without these. In columns of another form every text has one of them. */
  const exciting =
    form === 'text' ? notPlain : form === 'code' ? notPlain | made.hyphen : form === 'any' ? 0 : -1

  /** True where its form alone tells it. */
  function hasForm(bytes: Buffer, start: number, end: number, kind: number): boolean {
    switch (form) {
      case 'email':
        return isPlainEmail(bytes, start, end)
      case 'phone':
        return isPlainPhone(bytes, start, end, kind)
      case 'date':
        return isPlainDate(bytes, start, end, years[0], years[1])
      case 'text':
      case 'code':
        return isPlainText(bytes[start] ?? 0, end - start, kind, form === 'code')
      case 'any':
        return true
      case 'other':
        return false
      default:
        return form satisfies never
    }
  }

  function isJudgedGood(bytes: Buffer, start: number, end: number, kind: number): boolean {
    const isFine = isGood(textOf(bytes, start, end, kind))
    // Where different texts are counted, a text is known once it has been.
    if (isFine && distinct === undefined) known.add(bytes, start, end)
    return isFine
  }

  return {
    isPlain(bytes, start, end, kind) {
      const first = starts[bytes[start] ?? 0]
      if (first === 0 && (kind & exciting) === 0 && end - start <= longestTold) return true
      const mayBeWord = first === wordStart && end - start <= longestWord
      return (
        (!mayBeWord && hasForm(bytes, start, end, kind)) ||
        known.has(bytes, start, end) ||
        isJudgedGood(bytes, start, end, kind)
      )
    },
    addDistinct(bytes, start, end, kind) {
      if (distinct === undefined || distinct.more) return false
      if (known.has(bytes, start, end)) return true
      distinct.add(textOf(bytes, start, end, kind))
      known.add(bytes, start, end)
      return true
    },
  }
}

const [wordStart, otherStart] = [1, 2]
const notPlain = made.control | made.telling | made.plus
const shown = made.digit | made.letter | made.hyphen | made.plus | made.sign | made.wideShown

function textOf(bytes: Buffer, start: number, end: number, kind: number): string {
  const text = bytes.toString((kind & made.wide) === 0 ? 'latin1' : 'utf8', start, end)
  return (kind & made.quote) === 0 ? text : text.replaceAll('""', '"')
}

/** Neither control characters nor broken ones, no space alone, and nothing that a spreadsheet has made of a number. */
function isPlainText(first: number, length: number, kind: number, isCode: boolean): boolean {
  if ((kind & (made.control | made.telling)) !== 0 || length > longestTold) return false
  if ((first <= 0x20 || first > 0x7f) && (kind & shown) === 0) return false
  if (first <= 0x39 && (kind & made.plus) !== 0 && length <= longestNumber) return false
  return !isCode || length > longestShortDate || (kind & made.hyphen) === 0 || (kind & made.letter) === 0
}

/** How many characters a cell has. */
export function charactersIn(bytes: Buffer, start: number, end: number, kind: number): number {
  let characters = 0
  for (let at = start; at < end; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters++
  if ((kind & made.quote) === 0) return characters
  return characters - bytes.toString('latin1', start, end).split('""').length + 1
}
