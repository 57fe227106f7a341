import { describe, expect, it } from 'vitest'
import { addingUp, operations, splitRemoval } from '../../../src/rapyd/operations.ts'
import { createUpdateRequest } from '../../../src/rapyd/requests.ts'
import type { Patch } from '../../../src/model/row.ts'

const run = { host: 'sandboxapi.rapyd.net', runId: 'run' }
const customerId = 'cus_d3ed65d5091a8398cc3651bcedec1201'

function requestOf(patch: Patch, cleared: readonly string[] = Object.keys(patch)) {
  const place = { row: 1, line: 2, offset: 0, length: 1 }
  return createUpdateRequest(run)({ ...place, customerId, patch, fields: Object.keys(patch), cleared })
}

describe('a row with a blank coupon', () => {
  it('is the removal of a discount and the rest, each with a key of its own', () => {
    const request = requestOf({ name: 'A', coupon: '', metadata: { tier: '' } }, ['coupon', 'metadata.tier'])
    const { removal, rest } = splitRemoval(request, run) ?? {}
    expect(removal).toMatchObject({ operation: 'delete_discount', fields: 'coupon', sends: ['coupon'] })
    expect(rest).toMatchObject({ operation: 'update_customer', body: '{"name":"A","metadata":{"tier":""}}' })
    const keys = [request, removal, rest].map((each) => each?.idempotencyKey)
    expect(new Set(keys).size).toBe(3)
  })

  it('has another key than an update with the same content', () => {
    const request = requestOf({ coupon: '' })
    const split = splitRemoval(request, run)
    expect(split?.rest).toBeUndefined()
    expect(split?.removal.body).toBe(request.body)
    expect(split?.removal.idempotencyKey).not.toBe(request.idempotencyKey)
  })

  it.each([
    ['sets a coupon', { coupon: 'X', name: '' }],
    ['blanks other fields', { name: '' }],
  ])('is one update if it %s', (_, patch) => {
    expect(splitRemoval(requestOf(patch), run)).toBeUndefined()
  })
})

it('Delete Discount has no body, and a path of its own', () => {
  const { removal } = splitRemoval(requestOf({ coupon: '' }), run) ?? {}
  expect(removal && operations.delete_discount.toRequest(removal)).toEqual({
    method: 'delete',
    path: `/v1/customers/${customerId}/discount`,
    body: '',
    idempotencyKey: removal?.idempotencyKey,
  })
})

it.each([
  [{ addresses: [{ city: 'X' }], coupon: 'Y', name: 'Z' }, ['addresses', 'coupon']],
  [{ addresses: '', coupon: '' }, []],
  [{ addresses: [], name: 'Z' }, []],
])('of %j, these fields add up: %j', (patch, fields) => {
  expect(addingUp(patch)).toEqual(fields)
})
