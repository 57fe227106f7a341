/** The texts of refused inputs: all are used, and none is shown with a name in braces. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { refusal } from '../../../src/input/refusals.ts'
import texts from '../../../src/input/refusals.json' with { type: 'json' }

const root = join(import.meta.dirname, '..', '..', '..', 'src')
const sources = ['input', 'validation'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8')),
)

it('hold the values that are given', () => {
  expect(refusal('E_EMPTY', 'empty', { path: 'crm{name}.csv' }).message).toBe('crm{name}.csv is empty')
  expect(() => refusal('E_EMPTY', 'empty')).toThrow('lacks its path')
})

it.each(Object.keys(texts))('use %s', (name) => {
  expect(sources.some((source) => source.includes(`'${name}'`))).toBe(true)
})
