/** The count of customers that keeps them on the disk: the same as that of the table, and nothing left behind. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCustomerTable } from '../../src/pipeline/customer-table.ts'
import { createCountedCustomers } from '../../src/store/counted-customers.ts'
import { createDice } from '../support/nights.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const usual = (number: number) =>
  `cus_${Math.imul(number, 0x9e37_79b9).toString(16).replace('-', 'f').padStart(32, '0')}`

describe('the count of customers', () => {
  // The last ones go to the disk: 256 rows of one of the 256 parts fill a chunk.
  it.each([0, 1, 700, 90_000])('over %i rows is that of the table', (rows) => {
    const dice = createDice(rows)
    const [table, count] = [createCustomerTable(), createCountedCustomers(directory)]
    for (let row = 1; row <= rows; row++) {
      const number = dice.upTo(rows / 2 + 1)
      const id = number % 50 === 0 ? `cus_x${number}` : usual(number)
      expect(count.add(id, row, true)).toBe(table.add(id, row, true))
    }
    const { customers, repeatedCustomers, duplicateRows } = table
    expect(count).toMatchObject({ customers, repeatedCustomers, duplicateRows })
    expect(readdirSync(directory)).toEqual([])
    count.close()
  })

  it('goes on after it was asked, and holds one customer however often it comes', () => {
    const count = createCountedCustomers(directory)
    for (let row = 1; row <= 5_000; row++) count.add(usual(1), row, true)
    expect(count).toMatchObject({ customers: 1, repeatedCustomers: 1, duplicateRows: 4_999 })
    count.add(usual(2), 5_001, true)
    expect(count).toMatchObject({ customers: 2, repeatedCustomers: 1, duplicateRows: 4_999 })
    count.close()
  })

  it('says where the disk refuses', () => {
    const count = createCountedCustomers(join(directory, 'gone'))
    expect(() => {
      for (let row = 1; row <= 5_000; row++) count.add(usual(1), row, true)
    }).toThrow(expect.objectContaining({ code: 'E_SPOOL', kind: 'LOCAL' }))
    expect(existsSync(join(directory, 'gone'))).toBe(false)
  })
})
