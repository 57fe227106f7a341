import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import {
  array,
  assert,
  boolean,
  constantFrom,
  nat,
  oneof,
  property,
  record,
} from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { countCustomers } from '../../../src/store/customer-count.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'

const usual = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`

/** What the count should say, from a Map of every id. */
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
    counts: {
      customers: groups.length,
      repeatedCustomers: groups.filter((group) => group.length > 1).length,
      duplicateRows: rows.length - groups.length,
    },
    firstPair: seconds.toSorted(([, left = 0], [, right = 0]) => left - right)[0],
    followed: calls.flatMap((called) => called.slice(0, -1)).sort((left, right) => left - right),
    following: calls.flatMap((called) => called.slice(1)).sort((left, right) => left - right),
    calls: [...byId.keys()].map((id, index) => ({ id, rows: calls[index] ?? [] })),
  }
}

describe('the count of customers', () => {
  it('says the same as a Map of their ids', () => {
    const someId = oneof(
      nat(12).map(usual),
      constantFrom('cus_A', 'cus_B', 'cus_a', `${usual(1)}0`, usual(0).replace('0', 'A')),
    )
    const someRows = array(record({ id: someId, hasCall: boolean() }), { maxLength: 60 })
    assert(
      property(someRows, (rows) => {
        const count = countCustomers()
        for (const [index, { id, hasCall }] of rows.entries()) count.add(id, index + 1, hasCall)
        const numbers = rows.map((_, index) => index + 1)
        const { calls, ...expected } = model(rows)
        const duplicates = count.duplicates()
        expect({
          counts: count.counts(),
          firstPair: count.firstPair(),
          followed: numbers.filter((row) => duplicates.earlierRows.has(row)),
          following: numbers.filter((row) => duplicates.laterRows.has(row)),
        }).toEqual(expected)
        for (const { id, rows: called } of calls) {
          const earlier = called.slice(0, -1)
          if (earlier.length === 0) continue
          expect(duplicates.lastRowOf(id)).toBe(called.at(-1))
          const places = earlier.map((row) => ({ row, line: row + 1, offset: 2 ** 40 + row, length: 7 }))
          // A pass over the rows may come again.
          for (const place of [...places, ...places]) duplicates.keepPlace(id, place)
          expect([...duplicates.placesOf(id)]).toEqual(places.toReversed())
        }
        count.close()
      }),
    )
  })

  it('goes on after it was asked', () => {
    const count = countCustomers()
    for (let row = 1; row <= 5_000; row++) count.add(usual(1), row, true)
    expect(count.counts()).toEqual({ customers: 1, repeatedCustomers: 1, duplicateRows: 4_999 })
    count.add(usual(2), 5_001, true)
    expect(count.counts()).toEqual({ customers: 2, repeatedCustomers: 1, duplicateRows: 4_999 })
    count.close()
  })

  it('says that the disk refuses', ({ skip }) => {
    const disk = makeSmallDisk(64)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      const module = resolve(import.meta.dirname, '../../../src/store/customer-count.ts')
      const program = `const { countCustomers } = await import(${JSON.stringify(module)})
        const count = countCustomers()
        try { for (let row = 1; row <= 200_000; row++) count.add('cus_' + row, row, true) }
        catch ({ kind, code, message }) { console.log(JSON.stringify({ kind, code, message })) }`
      const args = ['--input-type=module', '--eval', program]
      const { stdout } = spawnSync(process.execPath, args, { env: { SQLITE_TMPDIR: disk.path } })
      expect(JSON.parse(String(stdout))).toEqual({
        kind: 'LOCAL',
        code: 'E_SPOOL',
        message: 'the customers of the file cannot be counted on the disk: database or disk is full',
      })
    } finally {
      disk.remove()
    }
  })
})
