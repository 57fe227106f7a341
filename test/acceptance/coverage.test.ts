/** Every command, every option and every code is used by an acceptance test: what nobody looks at may change without notice. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandNames, optionNames } from './support/help.ts'

const here = import.meta.dirname
const own = basename(import.meta.filename)
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm
const titles = /(?:\b(?:it|test|describe)[\w.]*\(|\)\()\s*(['`])(?:\\.|(?!\1)[^\\])*\1/g
/** The sources without comments and titles: what a test only speaks of, it does not use. */
const sources = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts') && name !== own)
  .map((name) => readFileSync(join(here, name), 'utf8').replaceAll(comments, '').replaceAll(titles, ''))
  .join('\n')

/** Codes that only a fault inside of the process can provoke, with the test that sees them. */
const elsewhere: Readonly<Record<string, string>> = {
  // A disk that fails takes one of its own.
  E_DISK: 'unit/store/run-directory.test.ts',
}

const codes = [
  ...readFileSync(join(here, '..', '..', 'docs', 'errors.md'), 'utf8').matchAll(/^\| `([EW]_[A-Z_]+)`/gm),
].map(([, code = '']) => code)

describe('an acceptance test uses', () => {
  it('every command', () => {
    const unused = commandNames().filter((name) => !new RegExp(`['"\`( ]${name}['"\` ]`).test(sources))
    expect(unused).toEqual([])
  })

  it('every option', () => {
    const options = new Set(commandNames().flatMap(optionNames))
    expect(options.size).toBeGreaterThan(50)
    const unused = [...options].filter((name) => !new RegExp(`--(?:no-)?${name}(?![\\w-])`).test(sources))
    expect(unused).toEqual([])
  })

  it('every code', () => {
    expect(codes.length).toBeGreaterThan(150)
    const unused = codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(sources))
    expect(unused.filter((code) => elsewhere[code] === undefined)).toEqual([])
  })

  it.each(Object.entries(elsewhere))('not %s, which %s sees', (code, test) => {
    expect(codes).toContain(code)
    expect(readFileSync(join(here, '..', test), 'utf8')).toContain(code)
  })
})
