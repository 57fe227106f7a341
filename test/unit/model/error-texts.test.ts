import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import configTexts from '../../../src/config/error-texts.json' with { type: 'json' }
import engineTexts from '../../../src/engine/error-texts.json' with { type: 'json' }
import refusals from '../../../src/input/refusals.json' with { type: 'json' }
import mappingTexts from '../../../src/mapping/error-texts.json' with { type: 'json' }
import reportTexts from '../../../src/report/error-texts.json' with { type: 'json' }
import storeTexts from '../../../src/store/error-texts.json' with { type: 'json' }

const root = join(import.meta.dirname, '../../../src')
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)

/** What is between the bracket at `open` and the one that closes it. */
function within(text: string, open: number): string {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if ('({['.includes(text.charAt(at))) depth++
    else if (')}]'.includes(text.charAt(at)) && --depth === 0) return text.slice(open + 1, at)
  }
  throw new Error('a bracket that is not closed')
}

/** The calls that name a text: its name, and the values if they are written there. */
function callsOf(make: string, isSource: (file: string) => boolean) {
  return sources.filter(isSource).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const calls = [...text.matchAll(new RegExp(`\\b${make}\\(`, 'g'))].map(({ index }) =>
      within(text, index + make.length),
    )
    return calls.flatMap((given) => {
      const [whole = '', name = ''] = /^[^,]+,\s*'(\w+)'/.exec(given) ?? []
      const rest = given.slice(whole.length)
      const isWritten = rest.trim() === '' || (/^,\s*\{/.test(rest) && !rest.includes('...'))
      return name === '' ? [] : [{ file, name, values: isWritten ? rest : undefined }]
    })
  })
}

const isIn =
  (...folders: readonly string[]) =>
  (file: string): boolean =>
    folders.includes(file.split('/')[0] ?? '')
const isEngine = isIn('engine', 'jobs', 'cli')

it.each([
  ['config/error-texts.json', configTexts, callsOf('errorOf', isIn('config'))],
  ['engine/error-texts.json', engineTexts, callsOf('errorOf', isEngine)],
  ['mapping/error-texts.json', mappingTexts, callsOf('errorOf', isIn('mapping'))],
  ['store/error-texts.json', storeTexts, callsOf('errorOf', isIn('store'))],
  ['report/error-texts.json', reportTexts, callsOf('errorOf', isIn('report'))],
  ['input/refusals.json', refusals, callsOf('refusal', (file) => !file.startsWith('simulator/'))],
])('%s: each text gets all its values', (_file, texts, calls) => {
  const lacking = calls.flatMap(({ file, name, values }) => {
    const text = Object.entries(texts).find(([each]) => each === name)?.[1]
    const names = `${text?.message ?? '{none}'} ${text?.tip}`.matchAll(/\{(\w+)\}/g)
    const isGiven = (value: string): boolean => new RegExp(`[{,]\\s*${value}\\s*[,:}]`).test(values ?? '')
    return values === undefined
      ? []
      : [...names].flatMap(([, value = '']) => (isGiven(value) ? [] : [`${file}: ${name} lacks ${value}`]))
  })
  expect(calls.length).toBeGreaterThanOrEqual(Object.keys(texts).length - 5)
  expect(lacking).toEqual([])
})

it('has no text of an error that nothing throws', () => {
  const used = new Set(callsOf('errorOf', isEngine).map(({ name }) => name))
  expect(Object.keys(engineTexts).filter((name) => !used.has(name))).toEqual([])
})
