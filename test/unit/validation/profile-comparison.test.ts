/** Which differences between two files of one name are reported. */
import { describe, expect, it } from 'vitest'
import {
  compareCustomers,
  compareDamage,
  compareFields,
  compareRows,
} from '../../../src/validation/input-guard.ts'
import {
  createCustomerSampler,
  type ValueHashes,
  type FileProfile,
  type SampledCustomer,
} from '../../../src/validation/file-profile.ts'

const customers = Array.from({ length: 50 }, (_, index): SampledCustomer => [
  `cus_${index}`,
  [2 + index, 100 + index],
])
const lastFile: FileProfile = {
  rows: 1000,
  calls: 1000,
  invalid: 3,
  filled: { name: 990, email: 1000 },
  endsLine: true,
  fields: ['name', 'email'],
  customers,
  misread: 0,
  volatileFields: [],
}
const words = (differences: readonly { readonly what: string }[]) => differences.map(({ what }) => what)
/** The customers of the next file, each changed or left out. */
const nextFile = (
  change: (hashes: ValueHashes, index: number) => ValueHashes | undefined,
): ReadonlyMap<string, ValueHashes> =>
  new Map(
    customers.flatMap(([id, hashes], index): (readonly [string, ValueHashes])[] => {
      const changed = change(hashes, index)
      return changed === undefined ? [] : [[id, changed]]
    }),
  )
const wordsFor = (hashes: ReadonlyMap<string, ValueHashes>, last: Partial<FileProfile> = {}) =>
  words(compareCustomers({ ...lastFile, ...last }, hashes).differences)

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
    expect(words(compareRows({ ...lastFile, rows: before }, { ...lastFile, rows: now }))).toEqual(expected)
  })
})

describe('damage', () => {
  it.each<readonly [Partial<FileProfile>, number]>([
    [{}, 0],
    [{ endsLine: false }, 1],
    [{ invalid: 13 }, 0],
    [{ invalid: 14 }, 1],
    [{ misread: 3 }, 0],
    [{ misread: 4 }, 1],
  ])('%j is reported %i times', (change, times) => {
    expect(compareDamage(lastFile, { ...lastFile, ...change })).toHaveLength(times)
  })

  it('is no news where it was there before', () => {
    const damaged = { ...lastFile, endsLine: false, invalid: 90, misread: 40 }
    expect(compareDamage(damaged, damaged)).toEqual([])
  })
})

describe('a field', () => {
  it.each([
    [{ name: 990, email: 1000 }, []],
    [{ name: 971, email: 980 }, []],
    [{ name: 990, email: 979 }, ['email']],
    [{ name: 990 }, ['email']],
    [{ name: 990, email: 1000, coupon: 5 }, []],
  ])('with %j filled gives %j', (filled, expected) => {
    expect(words(compareFields(lastFile, { ...lastFile, filled }))).toEqual(expected)
  })

  it('that few had may be gone', () => {
    const few = { ...lastFile, filled: { coupon: 4 } }
    expect(compareFields(few, { ...lastFile, filled: {} })).toEqual([])
  })
})

describe('the customers of both files', () => {
  it('may change, and be fewer', () => {
    expect(wordsFor(nextFile((hashes, index) => (index % 4 === 0 ? [1, 1] : hashes)))).toEqual([])
    expect(wordsFor(nextFile((hashes, index) => (index % 4 === 0 ? undefined : hashes)))).toEqual([])
  })

  it('do not all change in one field, unless they did before', () => {
    const changed = nextFile(([name = 0, email = 0], index) => [index % 3 === 0 ? name : 200, email])
    expect(wordsFor(changed)).toEqual(['name'])
    expect(wordsFor(changed, { volatileFields: ['name'] })).toEqual([])
    expect(compareCustomers(lastFile, changed).volatileFields).toEqual(['name'])
  })

  it('may all change in one key of metadata, but not become the same there', () => {
    const fields = ['metadata.balance', 'email']
    expect(
      wordsFor(
        nextFile(([first = 0, email = 0]) => [first + 1, email]),
        { fields },
      ),
    ).toEqual([])
    expect(
      wordsFor(
        nextFile(([, email = 0]) => [77, email]),
        { fields },
      ),
    ).toEqual(['metadata.balance'])
    const both = ['metadata.balance', 'metadata.day']
    expect(
      wordsFor(
        nextFile(([first = 0, day = 0]) => [first + 1, day + 1]),
        { fields: both },
      ),
    ).toEqual(both)
  })

  it('are not gone at the end alone, nor changed there alone', () => {
    expect(wordsFor(nextFile((hashes, index) => (index >= 42 ? undefined : hashes)))).toEqual(['rows'])
    expect(wordsFor(nextFile((hashes, index) => (index >= 43 ? undefined : hashes)))).toEqual([])
    expect(wordsFor(nextFile(([name = 0, email = 0], index) => [index >= 42 ? 1 : name, email]))).toEqual([
      'name',
    ])
  })

  it('tell nothing where there are few, or most are others', () => {
    expect(wordsFor(nextFile((_, index) => (index < 9 ? [1, 1] : undefined)))).toEqual([])
    expect(
      wordsFor(nextFile((hashes, index) => (index % 2 === 0 && index < 40 ? hashes : undefined))),
    ).toEqual([])
  })
})

const sampled = (last?: FileProfile) => {
  const sampler = createCustomerSampler(last, () => false)
  for (let row = 1; row <= 40; row++)
    sampler.add({
      row,
      line: row + 1,
      offset: row * 10,
      length: 9,
      customerId: `cus_${(row * row) % 23}`,
      patch: { name: `Jo ${row}`, email: `jo${row}@example.com` },
      fields: ['name', 'email'],
      cleared: [],
    })
  return sampler
}

it('finds no difference between a file with several rows a customer and itself', () => {
  const last = { ...lastFile, ...sampled().finish() }
  expect(last.customers).toHaveLength(12)
  expect(sampled(last).shared).toEqual(new Map(last.customers))
})
