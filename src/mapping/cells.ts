/** What one value of a row means: text that sets, a blank, or a defect. The same for CSV cells and NDJSON strings. */
import type { Problem } from '../domain/problem.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'

export interface CellRules {
  /** What a blank means. */
  readonly blank: 'clear' | 'keep' | 'reject'
  /** Texts that stand for a blank: `--null-values`. */
  readonly nullValues: ReadonlySet<string>
  /** Texts that look like a blank and are meant as they stand: `--literal`. */
  readonly literals: ReadonlySet<string>
}

/** The text to send; `''` clears, `undefined` leaves the field alone. */
export type Reading = { readonly text: string | undefined } | { readonly problem: Problem }

/** What spreadsheets and exports write where they have nothing, or an error. */
export const suspects: ReadonlySet<string> = new Set([
  'NULL',
  'null',
  'Null',
  '(null)',
  'NIL',
  'nil',
  'None',
  'N/A',
  'n/a',
  '#N/A',
  'NaN',
  'nan',
  'undefined',
  '#REF!',
  '#VALUE!',
  '#NAME?',
  '#DIV/0!',
  '#NUM!',
  '#NULL!',
  '#SPILL!',
  '#CALC!',
])

/** Most cells are told from all of these by their first character: a look-up of every text costs more than its rule. */
const firsts: ReadonlySet<number> = new Set([...suspects].map((text) => text.charCodeAt(0)))
const longestSuspect = Math.max(...[...suspects].map((text) => text.length))

const longestCell = 1024 * 1024

export function readCell(
  text: string,
  path: string,
  field: CustomerField | undefined,
  rules: CellRules,
): Reading {
  if (isBlank(text, rules.nullValues)) return readBlank(path, rules)
  return readText(text, path, field, rules.literals)
}

/** An empty text, or one that stands for it. */
export function isBlank(text: string, nullValues: ReadonlySet<string>): boolean {
  return text === '' || (nullValues.size > 0 && nullValues.has(text))
}

function looksBlank(text: string): boolean {
  const first = text.charCodeAt(0)
  if (text.length <= longestSuspect && firsts.has(first) && suspects.has(text)) return true
  // White space is at most a space, or no ASCII.
  return (first <= 0x20 || first > 0x7f) && text.trim() === ''
}

/** Control characters of ASCII but tab and line break; a `\r` only as part of `\r\n`. */
function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x20 ? code === 0x7f : code !== tab && code !== lineFeed && !isReturn(text, at)) return true
  }
  return false
}

const [tab, lineFeed, carriageReturn] = [0x09, 0x0a, 0x0d]

function isReturn(text: string, at: number): boolean {
  return text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed
}

/** A text that is not blank, or why it cannot be sent. */
export function readText(
  text: string,
  path: string,
  field: CustomerField | undefined,
  literals: ReadonlySet<string>,
): Reading {
  if (looksBlank(text) && !literals.has(text)) {
    return problem('E_SUSPECT_BLANK', path, 'looks like an empty value but is not blank')
  }
  if (text.length > longestCell) return problem('E_TOO_LARGE', path, 'longer than 1 MiB')
  if (hasControl(text)) return problem('E_CONTROL_CHAR', path, 'holds a control character')
  if (!text.isWellFormed()) return problem('E_NOT_WELL_FORMED', path, 'holds half of a surrogate pair')
  const defect = field?.rule?.(text)
  return defect === undefined ? { text } : problem(defect.code, path, defect.message)
}

function readBlank(path: string, rules: CellRules): Reading {
  switch (rules.blank) {
    case 'clear':
      return { text: '' }
    case 'keep':
      return { text: undefined }
    case 'reject':
      return problem('E_BLANK', path, 'is blank')
    default:
      return rules.blank satisfies never
  }
}

export function problem(
  code: Problem['code'],
  field: string,
  message: string,
): { readonly problem: Problem } {
  return { problem: { code, field, message } }
}
