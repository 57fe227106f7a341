import { hash } from 'node:crypto'
import { array, assert, boolean, constantFrom, nat, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCustomerTable } from '../../src/pipeline/customer-table.ts'

const usual = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`

/** What the table should say, from a Map of every id. */
function model(rows: readonly { readonly id: string; readonly hasCall: boolean }[]) {
  const byId = new Map<string, { readonly row: number; readonly hasCall: boolean }[]>()
  for (const [index, { id, hasCall }] of rows.entries())
    byId.set(id, [...(byId.get(id) ?? []), { row: index + 1, hasCall }])
  const groups = [...byId.values()]
  const calls = groups.map((group) => group.filter(({ hasCall }) => hasCall).map(({ row }) => row))
  const seconds = groups.flatMap(([first, second]) =>
    first === undefined || second === undefined ? [] : [[first.row, second.row]],
  )
  return {
    customers: groups.length,
    repeatedCustomers: groups.filter((group) => group.length > 1).length,
    duplicateRows: rows.length - groups.length,
    firstPair: seconds.toSorted(([, left = 0], [, right = 0]) => left - right)[0],
    followed: calls.flatMap((called) => called.slice(0, -1)).sort((left, right) => left - right),
    following: calls.flatMap((called) => called.slice(1)).sort((left, right) => left - right),
    last: new Map([...byId.keys()].map((id, index) => [id, calls[index]?.at(-1)])),
  }
}

describe('the table of customers', () => {
  it('says the same as a Map of their ids', () => {
    const someId = oneof(
      nat(12).map(usual),
      constantFrom(
        'cus_A',
        'cus_B',
        `${usual(1)}0`,
        ...['A', 'B', 'g'].map((last) => usual(0).slice(0, -1) + last),
      ),
    )
    const someRows = array(record({ id: someId, hasCall: boolean() }), { maxLength: 60 })
    assert(
      property(someRows, (rows) => {
        const table = createCustomerTable()
        for (const [index, { id, hasCall }] of rows.entries()) table.add(id, index + 1, hasCall)
        const numbers = rows.map((_, index) => index + 1)
        const { last, ...expected } = model(rows)
        expect({
          customers: table.customers,
          repeatedCustomers: table.repeatedCustomers,
          duplicateRows: table.duplicateRows,
          firstPair: table.firstPair,
          followed: numbers.filter((row) => table.followed.has(row)),
          following: numbers.filter((row) => table.following.has(row)),
        }).toEqual(expected)
        for (const [id, row] of last) if (row !== undefined) expect(table.lastRowOf(id)).toBe(row)
      }),
    )
  })

  it('keeps apart and finds again as many as come, also where hashes collide', () => {
    const table = createCustomerTable()
    const count = 100_000
    const ids = Array.from({ length: count }, (_, number) => `cus_${hash('md5', String(number))}`)
    for (const [number, id] of ids.entries()) table.add(id, number + 1, true)
    expect(table).toMatchObject({ customers: count, duplicateRows: 0, repeatedCustomers: 0 })
    const found = ids.map((id) => table.lastRowOf(id))
    expect(found.every((row, number) => row === number + 1)).toBe(true)
    table.add(ids[3] ?? '', count + 1, true)
    expect(table.lastRowOf(ids[3] ?? '')).toBe(count + 1)
    expect(table.firstPair).toEqual([4, count + 1])
  })

  it.each([
    [usual(10), true],
    [`cus_${'0123456789abcdef'.repeat(2)}`, true],
    ['cus_1', false],
    [usual(1).replace('1', 'A'), false],
    [usual(1).replace('1', 'g'), false],
    [usual(1).replace('1', '`'), false],
    [usual(1).replace('0', '/'), false],
    [usual(1).replace('0', '\u0130'), false],
    [`${usual(1)}0`, false],
  ])('says whether %s is of the usual form', (id, isUsual) =>
    expect(createCustomerTable().add(id, 1, true)).toBe(isUsual),
  )

  it('tells ids apart by every one of their digits', () => {
    const ids = Array.from({ length: 32 }, (_, at) => `cus_${'0'.repeat(at)}1${'0'.repeat(31 - at)}`)
    const table = createCustomerTable()
    for (const [index, id] of ids.entries()) table.add(id, index + 1, true)
    expect(table.customers).toBe(32)
  })

  it('knows no customer that has no row', () =>
    expect(() => createCustomerTable().lastRowOf(usual(1))).toThrow('no row'))
})
