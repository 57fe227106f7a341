/**
 * One line of NDJSON to one record, strictly. JSON.parse alone would change a customer's data unseen: of two equal keys the
 * last wins, 1.50 becomes 1.5, a large number is rounded.
 */
import { isJsonObject, parseJson } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Problem } from '../domain/problem.ts'

export type JsonLine = { readonly record: JsonObject } | { readonly problem: Problem }

/** Levels of objects and arrays, the record itself being the first. */
const maxDepth = 32

const shownKeyLength = 64
const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const hexDigits = /^[0-9a-fA-F]{4}$/

/**
 * The object that the text holds, or why it is refused: no JSON (E_JSON, with the column), no object (E_NOT_OBJECT),
 * a key twice in one object (E_DUPLICATE_KEY), `__proto__` (E_KEY), a number that does not survive JSON.parse and
 * JSON.stringify or is beyond 2^53 (E_NUMBER), more than 32 levels (E_DEPTH), half of a surrogate pair
 * (E_NOT_WELL_FORMED). Never throws. Keys that look like integers may change their order.
 */
export function readJsonLine(text: string): JsonLine {
  const problem = findProblem(text)
  if (problem !== undefined) return { problem }
  const record = parseJson(text)
  return isJsonObject(record)
    ? { record }
    : { problem: { code: 'E_JSON', field: '', message: 'not valid JSON' } }
}

/**
 * The problem of a line that should hold one JSON object, or nothing. Text that is no JSON at all comes before
 * anything else; of other defects the first one counts. Depth is bounded, so the recursion is too.
 */
function findProblem(text: string): Problem | undefined {
  let at = 0
  let end: Problem | undefined
  let first: Problem | undefined

  function note(code: ErrorCode, field: string, message: string): void {
    first ??= { code, field, message }
  }

  function fail(): false {
    const where = at < text.length ? `at column ${at + 1}` : `ends too early, at column ${at + 1}`
    end ??= { code: 'E_JSON', field: '', message: `not valid JSON: ${where}` }
    return false
  }

  function skipSpace(): number {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return code
      at += 1
    }
  }

  function readValue(path: string, depth: number): boolean {
    switch (skipSpace()) {
      case 0x7b:
        return readObject(path, depth)
      case 0x5b:
        return readArray(path, depth)
      case 0x22:
        return readString(path) !== undefined
      case 0x74:
        return readWord('true')
      case 0x66:
        return readWord('false')
      case 0x6e:
        return readWord('null')
      default:
        return readNumber(path)
    }
  }

  function readObject(path: string, depth: number): boolean {
    if (depth > maxDepth) return tooDeep(path)
    const keys = new Set<string>()
    at += 1
    if (skipSpace() === 0x7d) return step()
    for (;;) {
      if (skipSpace() !== 0x22) return fail()
      const key = readString(path)
      if (key === undefined) return false
      const inner = join(path, key)
      if (keys.has(key)) note('E_DUPLICATE_KEY', inner, 'the key stands twice in one object')
      if (key === '__proto__') note('E_KEY', inner, 'not a key that data may have')
      keys.add(key)
      if (skipSpace() !== 0x3a) return fail()
      at += 1
      if (!readValue(inner, depth + 1)) return false
      const code = skipSpace()
      if (code === 0x7d) return step()
      if (code !== 0x2c) return fail()
      at += 1
    }
  }

  function readArray(path: string, depth: number): boolean {
    if (depth > maxDepth) return tooDeep(path)
    at += 1
    if (skipSpace() === 0x5d) return step()
    for (let index = 0; ; index += 1) {
      if (!readValue(`${path}[${index}]`, depth + 1)) return false
      const code = skipSpace()
      if (code === 0x5d) return step()
      if (code !== 0x2c) return fail()
      at += 1
    }
  }

  /** The string's value; `at` moves behind its closing quote. */
  function readString(path: string): string | undefined {
    const start = at
    let escaped = false
    for (at += 1; ; at += 1) {
      const code = text.charCodeAt(at)
      if (code === 0x22) break
      // Outside the text the code is NaN, for which no comparison holds.
      if (!(code >= 0x20)) return void fail()
      if (code === 0x5c) {
        escaped = true
        if (!skipEscape()) return undefined
      }
    }
    at += 1
    const value = escaped ? String(JSON.parse(text.slice(start, at))) : text.slice(start + 1, at - 1)
    if (!value.isWellFormed()) note('E_NOT_WELL_FORMED', path, 'holds half of a surrogate pair')
    return value
  }

  /** From the backslash to the last character of its escape. */
  function skipEscape(): boolean {
    at += 1
    if (text[at] === 'u') {
      if (!hexDigits.test(text.slice(at + 1, at + 5))) return fail()
      at += 4
      return true
    }
    return at < text.length && '"\\/bfnrt'.includes(text.charAt(at)) ? true : fail()
  }

  function readNumber(path: string): boolean {
    numberToken.lastIndex = at
    const token = numberToken.exec(text)?.[0]
    if (token === undefined) return fail()
    at += token.length
    const value = Number(token)
    if (JSON.stringify(value) !== token || Math.abs(value) > 2 ** 53)
      note('E_NUMBER', path, 'the number would not be sent as it is written')
    return true
  }

  function readWord(word: string): boolean {
    if (!text.startsWith(word, at)) return fail()
    at += word.length
    return true
  }

  function step(): true {
    at += 1
    return true
  }

  function tooDeep(path: string): false {
    end = { code: 'E_DEPTH', field: topOf(path), message: `more than ${maxDepth} levels` }
    return false
  }

  const isObject = skipSpace() === 0x7b
  if (readValue('', 1)) {
    skipSpace()
    if (at < text.length) fail()
  }
  if (end !== undefined) return end
  return isObject ? first : { code: 'E_NOT_OBJECT', field: '', message: 'not a JSON object' }
}

function join(path: string, key: string): string {
  const shown = key.slice(0, shownKeyLength).toWellFormed()
  return path === '' ? shown : `${path}.${shown}`
}

/** A path of 32 levels helps nobody; the field where it starts does. */
function topOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? ''
}
