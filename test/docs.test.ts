/** docs/errors.md has every code that the source can say, with the tips as they are shown. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { errorTips, warningTips } from '../src/model/errors.ts'

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

it('tells of rows and warnings what their tips tell', () => {
  const told = new Map(entries.map(([, code = '', , remedy = '']) => [code, remedy.replaceAll('\\|', '|')]))
  for (const [code, tip] of Object.entries({ ...errorTips, ...warningTips })) expect(told.get(code)).toBe(tip)
})
