/** What counts as a difference between two nights, and what does not. */
import { describe, expect, it } from 'vitest'
import { customerChanges } from '../../src/validation/compare-customers.ts'
import { damageDifferences, fieldDifferences, rowDifferences } from '../../src/validation/compare.ts'
import type { Marks, Portrait, SampledCustomer } from '../../src/validation/portrait.ts'

const customers = Array.from({ length: 50 }, (_, index): SampledCustomer => [
  `cus_${index}`,
  [2 + index, 100 + index],
])
const night: Portrait = {
  rows: 1000,
  calls: 1000,
  invalid: 3,
  filled: { name: 990, email: 1000 },
  endsLine: true,
  fields: ['name', 'email'],
  customers,
  misread: 0,
  restless: [],
}
const words = (differences: readonly { readonly what: string }[]) => differences.map(({ what }) => what)
/** The customers of another night, each changed or left out. */
const again = (change: (marks: Marks, index: number) => Marks | undefined): ReadonlyMap<string, Marks> =>
  new Map(
    customers.flatMap(([id, marks], index): (readonly [string, Marks])[] => {
      const changed = change(marks, index)
      return changed === undefined ? [] : [[id, changed]]
    }),
  )
const told = (marks: ReadonlyMap<string, Marks>, last: Partial<Portrait> = {}) =>
  words(customerChanges({ ...night, ...last }, marks).differences)

describe('the number of rows', () => {
  it.each([
    [1000, 900, []],
    [1000, 899, ['rows']],
    [1000, 1500, []],
    [1000, 1501, ['rows']],
    [30, 20, []],
    [30, 14, ['rows']],
    [30, 45, []],
    [30, 60, ['rows']],
    [12, 0, ['rows']],
  ])('of %i and then %i is %j', (before, now, expected) => {
    expect(words(rowDifferences({ ...night, rows: before }, { ...night, rows: now }))).toEqual(expected)
  })
})

describe('damage', () => {
  it.each<readonly [Partial<Portrait>, number]>([
    [{}, 0],
    [{ endsLine: false }, 1],
    [{ invalid: 13 }, 0],
    [{ invalid: 14 }, 1],
    [{ misread: 3 }, 0],
    [{ misread: 4 }, 1],
  ])('is told of %j %i times', (change, times) => {
    expect(damageDifferences(night, { ...night, ...change })).toHaveLength(times)
  })

  it('is no news where it was there before', () => {
    const damaged = { ...night, endsLine: false, invalid: 90, misread: 40 }
    expect(damageDifferences(damaged, damaged)).toEqual([])
  })
})

describe('a field', () => {
  it.each([
    [{ name: 990, email: 1000 }, []],
    [{ name: 971, email: 980 }, []],
    [{ name: 990, email: 979 }, ['email']],
    [{ name: 990 }, ['email']],
    [{ name: 990, email: 1000, coupon: 5 }, []],
  ])('that %j have is told as %j', (filled, expected) => {
    expect(words(fieldDifferences(night, { ...night, filled }))).toEqual(expected)
  })

  it('that few had may be gone', () => {
    const few = { ...night, filled: { coupon: 4 } }
    expect(fieldDifferences(few, { ...night, filled: {} })).toEqual([])
  })
})

describe('the customers of both nights', () => {
  it('may change, and be fewer', () => {
    expect(told(again((marks, index) => (index % 4 === 0 ? [1, 1] : marks)))).toEqual([])
    expect(told(again((marks, index) => (index % 4 === 0 ? undefined : marks)))).toEqual([])
  })

  it('do not all change in one field, unless they did before', () => {
    const changed = again(([name = 0, email = 0], index) => [index % 3 === 0 ? name : 200, email])
    expect(told(changed)).toEqual(['name'])
    expect(told(changed, { restless: ['name'] })).toEqual([])
    expect(customerChanges(night, changed).restless).toEqual(['name'])
  })

  it('may all change in one key of metadata, but not become the same there', () => {
    const fields = ['metadata.balance', 'email']
    expect(
      told(
        again(([first = 0, email = 0]) => [first + 1, email]),
        { fields },
      ),
    ).toEqual([])
    expect(
      told(
        again(([, email = 0]) => [77, email]),
        { fields },
      ),
    ).toEqual(['metadata.balance'])
    const both = ['metadata.balance', 'metadata.day']
    expect(
      told(
        again(([first = 0, day = 0]) => [first + 1, day + 1]),
        { fields: both },
      ),
    ).toEqual(both)
  })

  it('are not gone at the end alone, nor changed there alone', () => {
    expect(told(again((marks, index) => (index >= 42 ? undefined : marks)))).toEqual(['rows'])
    expect(told(again((marks, index) => (index >= 43 ? undefined : marks)))).toEqual([])
    expect(told(again(([name = 0, email = 0], index) => [index >= 42 ? 1 : name, email]))).toEqual(['name'])
  })

  it('tell nothing where there are few, or most are others', () => {
    expect(told(again((_, index) => (index < 9 ? [1, 1] : undefined)))).toEqual([])
    expect(told(again((marks, index) => (index % 2 === 0 && index < 40 ? marks : undefined)))).toEqual([])
  })
})
