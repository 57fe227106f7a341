import { describe, expect, test } from 'vitest'
import { maskCustomer, toRowEvent } from '../../src/report/run-log.ts'
import { outcomeOf } from './outcome.ts'

describe('the event of a row', () => {
  test('names row, line, masked customer and codes, and nothing else', () => {
    const outcome = outcomeOf({
      row: 7,
      line: 9,
      customerId: 'cus_d3ed65d5091a8398cc3651bcedec1201',
      outcome: 'rejected',
      errorCode: 'E_API',
      errorField: 'email',
      httpStatus: 400,
      attempts: 2,
      message: 'canary',
      fields: 'canary',
      idempotencyKey: 'canary',
      operationId: 'canary',
    })
    expect(toRowEvent(outcome)).toEqual({
      kind: 'row',
      row: 7,
      line: 9,
      customer: 'cus_…1201',
      outcome: 'rejected',
      code: 'E_API',
      field: 'email',
      httpStatus: 400,
      attempts: 2,
    })
  })

  test.each([
    ['email', 'email'],
    ['addresses[0].city', 'addresses'],
    ['metadata.secret', 'metadata'],
    ['Jo Smith', ''],
    ['emails', ''],
    ['', ''],
  ])('calls the field %j %j', (errorField, field) => {
    expect(toRowEvent(outcomeOf({ errorField })).field).toBe(field)
  })
})

test.each([
  ['cus_d3ed65d5091a8398cc3651bcedec1201', 'cus_…1201'],
  ['cus_123456789', 'cus_…6789'],
  ['cus_12345678', 'cus_…'],
  ['cus_x', 'cus_…'],
  ['', ''],
])('the customer %j is shown as %j', (customerId, shown) => {
  expect(maskCustomer(customerId)).toBe(shown)
})
