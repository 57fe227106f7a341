/** docs/errors.md has every code that the source can say, with the tips as they are shown; SECURITY.md names tests that exist. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rowErrors, runErrors, warningEntries } from '../src/model/errors.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
/** Code, what it means, what to do. */
const entries = page
  .split('\n')
  .map((line) => /^\| `([EW]_[A-Z_<>]+)`\s*\| (.+?) +\| (.+?) *\|$/.exec(line))
  .filter((found) => found !== null)
const documented = entries.map(([, code = '']) => code)

/** The value of one option: the family has one entry. */
const ofOption = /^E_OPTION_(?!VALUE$|CHOICE$|REPEATED$|CONFLICT$)/

it('every code of the source has one entry, and every entry is a code of the source', () => {
  const texts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  const said = new Set(texts.flatMap((text) => text.match(/\b[EW]_[A-Z][A-Z_]*[A-Z]\b/g) ?? []))
  const single = [...said].filter((code) => !ofOption.test(code))
  expect(documented.filter((code, at) => documented.indexOf(code) !== at)).toEqual([])
  expect(new Set(documented)).toEqual(new Set([...single, 'E_OPTION_<NAME>']))
})

const catalogue = { ...rowErrors, ...warningEntries, ...runErrors }
const textOf = (cell = ''): string => cell.replaceAll('\\|', '|')

it('says of each code what the catalogue says, and has all of them', () => {
  const shown = Object.fromEntries(
    entries.map(([, code = '', meaning, tip]) => [code, { meaning: textOf(meaning), tip: textOf(tip) }]),
  )
  const known = Object.entries(catalogue).map(([code, { meaning, tip }]) => [code, { meaning, tip }])
  expect(shown).toMatchObject(Object.fromEntries(known))
  // A code of the summary alone.
  expect(Object.keys(shown).filter((code) => !Object.hasOwn(catalogue, code))).toEqual(['E_OTHER'])
})

it('every promise of SECURITY.md names tests that exist, by file and title', () => {
  const promises = readFileSync(join(root, 'SECURITY.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:promise|-+) /.test(line))
    .map((line) => {
      const [promise = '', tests = ''] = line.split(' | ')
      return { promise, tests: [...tests.matchAll(/`([\w/.-]+\.test\.ts)`: `([^`]+)`/g)] }
    })
  expect(promises.length).toBeGreaterThan(25)
  for (const { promise, tests } of promises) {
    expect(tests.length, promise).toBeGreaterThan(0)
    for (const [, file = '', title = ''] of tests)
      expect(readFileSync(join(root, 'test', file), 'utf8'), `${file}: ${title}`).toContain(`'${title}'`)
  }
})
