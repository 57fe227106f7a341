/** The request of a row: its key, its body, and whether it may be sent twice. */
import { describe, expect, it } from 'vitest'
import type { Patch } from '../../../src/model/row.ts'
import { createUpdateRequest } from '../../../src/rapyd/requests.ts'

const run = { host: 'sandboxapi.rapyd.net', runId: 'crm-1' }
const rowOf = (row: number, patch: Readonly<Record<string, string>>) => ({
  row,
  line: row + 1,
  offset: 0,
  length: 1,
  customerId: 'cus_1',
  patch,
  fields: Object.keys(patch),
  cleared: [],
})
const keyOf = (row: number, name: string, of = run): string =>
  createUpdateRequest(of)(rowOf(row, { name })).idempotencyKey

describe('an idempotency key', () => {
  it('is the same whenever the row is prepared again', () => {
    expect(keyOf(1, 'A')).toMatch(/^[0-9a-f]{32}$/)
    expect(keyOf(1, 'A')).toBe(keyOf(1, 'A'))
  })

  it('is never the same for two rows, whatever they ask for, for two runs or for two hosts', () => {
    const keys = [
      keyOf(1, 'A'),
      keyOf(2, 'B'),
      keyOf(3, 'A'),
      keyOf(1, 'A', { ...run, runId: 'crm-2' }),
      keyOf(1, 'A', { ...run, host: 'api.rapyd.net' }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('a request', () => {
  it.each([
    [{ name: 'A' }, true],
    [{ coupon: 'C' }, false],
    [{ name: 'A', addresses: '' }, false],
  ])('with %o may be sent twice: %s', (patch, repeatable) => {
    expect(createUpdateRequest(run)(rowOf(1, patch)).repeatable).toBe(repeatable)
  })
})

const requestOf = createUpdateRequest(run)
const request = (patch: Patch, fields: string[] = Object.keys(patch), cleared: string[] = []) =>
  requestOf({ row: 1, line: 2, offset: 0, length: 9, customerId: 'cus_1', patch, fields, cleared })

describe('the request of a row', () => {
  it('sends no hole for an address that the row leaves out', () => {
    const addresses = Object.assign([], { 1: { city: 'Ulm' }, 3: { city: 'Bonn' } })
    expect(
      request({ name: 'Jo', addresses }, ['name', 'addresses[1].city', 'addresses[3].city']),
    ).toMatchObject({
      body: '{"name":"Jo","addresses":[{"city":"Ulm"},{"city":"Bonn"}]}',
      fields: 'name;addresses[1].city;addresses[3].city',
      repeatable: false,
    })
  })

  it('sends a list that is given whole as it is', () => {
    expect(request({ addresses: [{ city: '' }, {}] }).body).toBe('{"addresses":[{"city":""},{}]}')
    expect(request({ addresses: '' }).body).toBe('{"addresses":""}')
  })

  it('sends keys as they are, and shows them with control characters escaped', () => {
    const path = 'metadata.\u001b[2J'
    expect(request({ metadata: { '\u001b[2J': '' } }, [path], [path])).toMatchObject({
      body: '{"metadata":{"\\u001b[2J":""}}',
      fields: 'metadata.\\x1b[2J',
      cleared: 'metadata.\\x1b[2J',
    })
  })
})
