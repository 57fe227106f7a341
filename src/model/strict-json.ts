/**
 * Reads JSON strictly: what JSON.parse would change or drop in silence is a problem. It keeps only the last of two equal keys,
 * reads 1.50 as 1.5 and rounds large numbers.
 */
import type { JsonValue } from './json.ts'
import type { Problem } from './problem.ts'

export interface JsonProblem extends Problem {
  readonly code: 'E_JSON' | 'E_DEPTH' | 'E_DUPLICATE_KEY' | 'E_KEY' | 'E_NUMBER' | 'E_NOT_WELL_FORMED'
}

/** Without a value the text is no JSON (E_JSON, with the column) or has too many levels (E_DEPTH). */
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
 * A key twice in one object (E_DUPLICATE_KEY), `__proto__` (E_KEY), a number that is written back differently or is beyond 2^53
 * (E_NUMBER), half of a surrogate pair (E_NOT_WELL_FORMED): the first one counts, and `field` is its path. Never throws.
 */
export function readStrictJson(text: string): StrictJson {
  const scanner = new Scanner(text)
  const end = scanner.readAll()
  if (end !== undefined) return { value: undefined, problem: end }
  const value: JsonValue = JSON.parse(text)
  return scanner.first === undefined ? { value, problem: undefined } : { value, problem: scanner.first }
}

/** True where the number is written back as it was read. */
export function survives(number: number, source: string | undefined): boolean {
  return String(number) === source && (!Number.isInteger(number) || Number.isSafeInteger(number))
}

/** Finds problems by the grammar. Each method reads past what it is for; those that return a problem stop the reading. */
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

  /** Reads from one quote to the next. */
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

  /** What matches here; empty if nothing does. */
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

/** A path of 32 levels helps nobody; the field where it starts does. */
function topOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? ''
}
