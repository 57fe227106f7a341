/** Reads dates that are written by a named format and nothing else, and writes them as Rapyd wants them: DD/MM/YYYY. */
import type { Defect } from '../rapyd/field-rules.ts'
import type { Mistake, TextChange } from './changes.ts'

const parts: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{2})',
  D: '(?<day>\\d{1,2})',
}

/**
 * Formats are made of YYYY, MM or M, DD or D, each once, and signs between them. Two-digit years are not taken: nobody can
 * tell their century.
 */
export function dateChange(format: string): TextChange | Mistake {
  const tokens = format.match(/Y+|M+|D+|[^A-Za-z0-9]|[A-Za-z0-9]+/g) ?? []
  const words = tokens.filter((token) => /[A-Za-z0-9]/.test(token))
  const letters = new Set(words.map((word) => word[0]))
  const known = words.every((word) => Object.hasOwn(parts, word)) && words.length === 3 && letters.size === 3
  // Beside another number, one digit or two cannot be told apart.
  const open = tokens.some((token, index) => /^[MD]$/.test(token) && touches(tokens, index))
  if (!known || open) {
    return {
      mistake: `"${format}" is no date format`,
      remedy: 'Write it with YYYY, MM or M, DD or D and signs between them, such as YYYY-MM-DD or D.M.YYYY.',
    }
  }
  const pattern = new RegExp(`^${tokens.map((token) => parts[token] ?? `\\u{${hex(token)}}`).join('')}$`, 'u')
  const defect: Defect = { code: 'E_DATE', message: `not a date of the form ${format}` }
  return (text) => {
    const { year = '', month = '', day = '' } = pattern.exec(text)?.groups ?? {}
    const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
    const real =
      Number(year) >= 1000 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
    return real ? `${day.padStart(2, '0')}/${month.padStart(2, '0')}/${year}` : defect
  }
}

function touches(tokens: readonly string[], index: number): boolean {
  return [tokens[index - 1], tokens[index + 1]].some((other) => other !== undefined && /^[YMD]/.test(other))
}

function hex(token: string): string {
  return (token.codePointAt(0) ?? 0).toString(16)
}
