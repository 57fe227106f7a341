/**
 * The cells of one column as bytes: whether there is surely nothing wrong with one, and their counts. Most are told by what they are
 * made of, or have been seen before; of others a text is made, and the rules that every text goes through decide.
 */
import type { ColumnCount } from '../doctor/columns.ts'
import { mostKeptOfOne } from '../doctor/columns.ts'
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
  readonly count: ColumnCount
  /** Years of birth that nobody doubts. */
  readonly years: readonly [from: number, to: number]
}

export interface PlainCell {
  /** `kind`: bits of `made`. */
  isPlain(bytes: Buffer, start: number, end: number, kind: number): boolean
  /** Counts a cell that is plain and not blank. */
  add(bytes: Buffer, start: number, end: number, kind: number): void
}

/** A text of more bytes is judged as a text. */
const longestTold = 4096
/** A text of more characters is judged by its form alone, and not by what it means. */
const longestWord = 16

/** What a spreadsheet makes of a code: `12-Mar`. */
const longestShortDate = 6

export function createPlainCell({ form, isGood, nullValues, count, years }: PlainCellParts): PlainCell {
  const { distinct } = count
  const known = createKnownTexts(mostKeptOfOne)
  const words = [...suspects, ...placeholders, ...nullValues].map((text) => Buffer.from(text))
  const firsts = new Uint8Array(256)
  for (const word of words) firsts[word[0] ?? 0] = 1
  const longest = Math.max(...words.map(({ length }) => length))

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

  return {
    isPlain(bytes, start, end, kind) {
      const mayBeWord = end - start <= longest && firsts[bytes[start] ?? 0] === 1
      return (
        (!mayBeWord && hasForm(bytes, start, end, kind)) ||
        known.has(bytes, start, end) ||
        isGood(textOf(bytes, start, end, kind))
      )
    },
    add(bytes, start, end, kind) {
      count.filled++
      if (end - start > count.longest)
        count.longest = Math.max(count.longest, charactersIn(bytes, start, end, kind))
      if (distinct.more || known.has(bytes, start, end)) return
      distinct.add(textOf(bytes, start, end, kind))
      known.add(bytes, start, end)
    },
  }
}

function textOf(bytes: Buffer, start: number, end: number, kind: number): string {
  const text = bytes.toString((kind & made.wide) === 0 ? 'latin1' : 'utf8', start, end)
  return (kind & made.quote) === 0 ? text : text.replaceAll('""', '"')
}

/** Neither control characters nor broken ones, no space alone, and nothing that a spreadsheet has made of a number. */
function isPlainText(first: number, length: number, kind: number, isCode: boolean): boolean {
  if ((kind & (made.control | made.telling)) !== 0 || length > longestTold) return false
  if (
    (first <= 0x20 || first > 0x7f) &&
    (kind & (made.digit | made.letter | made.hyphen | made.plus | made.sign | made.wideShown)) === 0
  )
    return false
  if (length > longestWord) return true
  if (first <= 0x39 && (kind & made.plus) !== 0) return false
  const mayBeDate = isCode && length <= longestShortDate
  return !mayBeDate || (kind & made.hyphen) === 0 || (kind & made.letter) === 0
}

function charactersIn(bytes: Buffer, start: number, end: number, kind: number): number {
  let characters = 0
  for (let at = start; at < end; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters++
  if ((kind & made.quote) === 0) return characters
  return characters - bytes.toString('latin1', start, end).split('""').length + 1
}
