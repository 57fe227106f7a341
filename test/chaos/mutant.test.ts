import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { mutants } from './mutant.ts'

const root = join(import.meta.dirname, '..', '..')

// `npm run test:mutants` takes long and is run by hand: without this, a change of the source would leave mutants behind.
it.each(mutants)('$title: can still be planted, and has tests to find it', ({ file, edits, tests }) => {
  const text = readFileSync(join(root, 'src', file), 'utf8')
  for (const [from] of edits) expect(text.split(from)).toHaveLength(2)
  for (const test of tests) expect(existsSync(join(root, 'test', test))).toBe(true)
})

it('plants one for each invariant of the map', () => {
  const map = readFileSync(join(root, 'src', 'README.md'), 'utf8')
  const numbers = [...map.matchAll(/^(\d+)\. \*\*/gm)].map(([, number]) => Number(number))
  const planted = new Set(mutants.map(({ invariant }) => invariant))
  expect(numbers.length).toBeGreaterThan(12)
  expect(numbers.filter((number) => !planted.has(number))).toEqual([])
})
