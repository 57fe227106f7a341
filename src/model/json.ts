/**
 * Values of JSON, and a strict reader. The strict reader reports what JSON.parse changes or drops without an error:
 * it keeps only the last of two equal keys, reads 1.50 as 1.5 and rounds large numbers.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** True for an object with members of these types, as `typeof` names them. */
export function hasMembers(found: unknown, types: Readonly<Record<string, string>>): found is JsonObject {
  return isJsonObject(found) && Object.entries(types).every(([name, type]) => typeof found[name] === type)
}

/** True if no value is inside more than `most` objects and lists. */
export function hasFewLevels(value: JsonValue, most: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return most > 0 && Object.values(value).every((item: JsonValue) => hasFewLevels(item, most - 1))
}

/** The value at the end of the steps, which are keys and indices. Returns undefined if there is none. */
export function valueAt(
  value: JsonValue | undefined,
  steps: readonly (string | number)[],
): JsonValue | undefined {
  let found = value
  for (const step of steps) {
    if (isJsonObject(found)) found = Object.hasOwn(found, step) ? found[step] : undefined
    else found = typeof found === 'object' && found !== null ? found[Number(step)] : undefined
  }
  return found
}

export interface JsonProblem {
  readonly code: 'E_JSON' | 'E_DEPTH' | 'E_DUPLICATE_KEY' | 'E_KEY' | 'E_NUMBER' | 'E_NOT_WELL_FORMED'
  /** The path of the value. */
  readonly field: string
  readonly message: string
}

/** A result without a value is not JSON (E_JSON, with the column) or has too many levels (E_DEPTH). */
export type StrictJson =
  | { readonly value: JsonValue; readonly problem: undefined }
  | { readonly value: JsonValue | undefined; readonly problem: JsonProblem }

const mostLevels = 32
const shownKeyLength = 64

const space = /[ \t\n\r]*/y
const simple = /[[{]|true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const unescaped = /[ !#-[\]-\uffff]*/y
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Reports the first problem, with its path. E_DUPLICATE_KEY: a key twice in one object. E_KEY: `__proto__`. E_NUMBER: a number
 * that is written back differently or is beyond 2^53. E_NOT_WELL_FORMED: half of a surrogate pair. Never throws.
 */
export function readStrictJson(text: string): StrictJson {
  const scanner = new Scanner(text)
  const end = scanner.readAll()
  if (end !== undefined) return { value: undefined, problem: end }
  const value: JsonValue = JSON.parse(text)
  return scanner.first === undefined ? { value, problem: undefined } : { value, problem: scanner.first }
}

/** True if the number is written back as it was read. */
export function isExactNumber(number: number, source: string | undefined): boolean {
  return String(number) === source && (!Number.isInteger(number) || Number.isSafeInteger(number))
}

/** Reads by the grammar. Each method reads past its element; a returned problem stops the reading. */
class Scanner {
  /** The first problem that does not stop the reading. */
  first: JsonProblem | undefined
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  readAll(): JsonProblem | undefined {
    const end = this.#readValue('', 1)
    this.#match(space)
    return end ?? (this.#at < this.#text.length ? this.#invalid() : undefined)
  }

  /** The recursion ends with `mostLevels`. */
  #readValue(path: string, level: number): JsonProblem | undefined {
    this.#match(space)
    if (this.#text[this.#at] === '"') return this.#readText(path).end
    const token = this.#match(simple)
    if (token === '') return this.#invalid()
    if (token === '[' || token === '{') {
      if (level > mostLevels)
        return { code: 'E_DEPTH', field: topOf(path), message: `more than ${mostLevels} levels` }
      return token === '[' ? this.#readItems(path, level) : this.#readMembers(path, level)
    }
    if (/^[-\d]/.test(token) && (String(Number(token)) !== token || Math.abs(Number(token)) > 2 ** 53))
      this.#note('E_NUMBER', path, 'the number would not be sent as it is written')
    return undefined
  }

  #readItems(path: string, level: number): JsonProblem | undefined {
    if (this.#takes(']')) return undefined
    for (let index = 0; ; index++) {
      const end = this.#readValue(`${path}[${index}]`, level + 1)
      if (end !== undefined) return end
      if (this.#takes(']')) return undefined
      if (!this.#takes(',')) return this.#invalid()
    }
  }

  #readMembers(path: string, level: number): JsonProblem | undefined {
    const keys = new Set<string>()
    if (this.#takes('}')) return undefined
    for (;;) {
      this.#match(space)
      if (this.#text[this.#at] !== '"') return this.#invalid()
      const key = this.#readText(path)
      if (key.end !== undefined) return key.end
      const inner = join(path, key.text)
      if (keys.has(key.text)) this.#note('E_DUPLICATE_KEY', inner, 'the key stands twice in one object')
      if (key.text === '__proto__') this.#note('E_KEY', inner, 'not a key that data may have')
      keys.add(key.text)
      const end = this.#takes(':') ? this.#readValue(inner, level + 1) : this.#invalid()
      if (end !== undefined) return end
      if (this.#takes('}')) return undefined
      if (!this.#takes(',')) return this.#invalid()
    }
  }

  #readText(path: string): { readonly text: string; readonly end: JsonProblem | undefined } {
    const start = this.#at++
    do this.#match(unescaped)
    while (this.#match(escapeSequence) !== '')
    if (this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\') this.#at++
      return { text: '', end: this.#invalid() }
    }
    const text = String(JSON.parse(this.#text.slice(start, ++this.#at)))
    if (!text.isWellFormed()) this.#note('E_NOT_WELL_FORMED', path, 'holds half of a surrogate pair')
    return { text, end: undefined }
  }

  #takes(sign: string): boolean {
    this.#match(space)
    const isThere = this.#text[this.#at] === sign
    if (isThere) this.#at++
    return isThere
  }

  /** Reads past what matches. Returns an empty text if nothing does. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }

  #note(code: JsonProblem['code'], field: string, message: string): void {
    this.first ??= { code, field, message }
  }

  #invalid(): JsonProblem {
    const where = `${this.#at < this.#text.length ? '' : 'ends too early, '}at column ${this.#at + 1}`
    return { code: 'E_JSON', field: '', message: `not valid JSON: ${where}` }
  }
}

function join(path: string, key: string): string {
  const shown = key.slice(0, shownKeyLength).toWellFormed()
  return path === '' ? shown : `${path}.${shown}`
}

/** The message shows only the field where a path of 32 levels starts. */
function topOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? ''
}
