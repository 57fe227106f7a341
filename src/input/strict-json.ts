/**
 * One line of NDJSON to one record. A line that JSON.stringify would write just so hides nothing that JSON.parse
 * drops, and that is most lines; only the others are read by the slower scanner.
 */
import { isJsonObject } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Problem } from '../domain/problem.ts'
import { findJsonProblem, maxDepth } from './json-scanner.ts'

export type JsonLine = { readonly record: JsonObject } | { readonly problem: Problem }

/**
 * The object that the text holds, or why it is refused: no JSON (E_JSON, with the column), no object (E_NOT_OBJECT),
 * a key twice in one object (E_DUPLICATE_KEY), `__proto__` (E_KEY), a number that does not survive JSON.parse and
 * JSON.stringify or is beyond 2^53 (E_NUMBER), more than 32 levels (E_DEPTH), half of a surrogate pair
 * (E_NOT_WELL_FORMED). Never throws. Keys that look like integers may change their order.
 */
export function readJsonLine(text: string): JsonLine {
  if (!isSuspect(text)) {
    const record = parse(text)
    if (record !== undefined && JSON.stringify(record) === text.trim()) return { record }
  }
  const problem = findJsonProblem(text)
  if (problem !== undefined) return { problem }
  const record = parse(text)
  return record === undefined
    ? { problem: { code: 'E_JSON', field: '', message: 'not valid JSON' } }
    : { record }
}

/** What comes back the same from JSON.parse and JSON.stringify and may be wrong all the same. */
const longNumber = /[0-9]{16}|[0-9]e\+/

function isSuspect(text: string): boolean {
  return (
    text.includes('\\ud') ||
    text.includes('__proto__') ||
    longNumber.test(text) ||
    maybeDeep(text) ||
    !text.isWellFormed()
  )
}

/** Nothing can be deeper than it has opening brackets; asked before JSON.parse builds anything. */
function maybeDeep(text: string): boolean {
  return hasMore(text, '{', maxDepth / 2) || hasMore(text, '[', maxDepth / 2)
}

function hasMore(text: string, character: string, limit: number): boolean {
  let at = -1
  for (let count = 0; count <= limit; count += 1) {
    at = text.indexOf(character, at + 1)
    if (at === -1) return false
  }
  return true
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
