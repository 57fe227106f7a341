/** JSON in a cell, read strictly: what JSON.parse would change or drop unseen is refused. */
import type { JsonValue } from '../domain/json.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import type { CellDefect } from '../rapyd/field-rules.ts'

const mostLevels = 32

/** Refuses text that is no JSON, numbers that do not survive, a key twice in one object, `__proto__` and more than 32 levels. */
export function readJsonText(text: string): { readonly value: JsonValue } | CellDefect {
  let keys = 0
  let refused: ErrorCode | undefined
  let value: JsonValue
  try {
    value = JSON.parse(text, (key, inner: JsonValue, context?: { readonly source?: string }) => {
      if (key === '__proto__') refused ??= 'E_KEY'
      if (typeof inner === 'number' && !survives(inner, context?.source)) refused ??= 'E_NUMBER'
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
        keys += Object.keys(inner).length
      return inner
    })
  } catch {
    return { code: 'E_TRANSFORM', message: 'not JSON' }
  }
  const written = measure(text)
  if (written.levels > mostLevels) refused ??= 'E_DEPTH'
  if (written.keys !== keys) refused ??= 'E_DUPLICATE_KEY'
  return refused === undefined ? { value } : { code: refused, message: messages[refused] ?? '' }
}

const messages: Partial<Record<ErrorCode, string>> = {
  E_KEY: 'the JSON holds a key that cannot be used',
  E_NUMBER: 'the JSON holds a number that would be changed',
  E_DEPTH: 'the JSON has more than 32 levels',
  E_DUPLICATE_KEY: 'the JSON holds a key twice',
}

/** True where the number is written back as it was read. */
export function survives(number: number, source: string | undefined): boolean {
  return String(number) === source && (!Number.isInteger(number) || Number.isSafeInteger(number))
}

/** Counts keys and levels of valid JSON by its tokens, as they were written. */
function measure(text: string): { readonly keys: number; readonly levels: number } {
  let [keys, level, levels] = [0, 0, 0]
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[[{]|[\]}]/g)) {
    if (colon !== undefined) keys += 1
    else if (token === '[' || token === '{') levels = Math.max(levels, (level += 1))
    else if (token === ']' || token === '}') level -= 1
  }
  return { keys, levels }
}
