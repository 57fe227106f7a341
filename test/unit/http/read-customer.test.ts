import { describe, expect, it } from 'vitest'
import { createReadCustomer } from '../../../src/http/read-customer.ts'
import {
  createRig,
  customerId,
  lost,
  notSent,
  refusal,
  response,
  success,
  times,
  type Step,
} from '../../support/rig.ts'

const read = async (...reads: readonly Step[]) => {
  const rig = createRig({ reads })
  const reading = await createReadCustomer(rig.parts)(customerId, new AbortController().signal).catch(
    (error: unknown) => error,
  )
  expect(rig.unused()).toEqual([])
  return reading
}

describe('reading a customer', () => {
  it.each<[string, readonly Step[]]>([
    ['at once', [success({ name: 'A' })]],
    ['behind errors of the server', [...times(3, response(500, '')), success({ name: 'A' })]],
    ['behind connections that break', [notSent, lost, success({ name: 'A' })]],
    ['behind the rate limit, however often', [...times(10, response(429, '<html>')), success({ name: 'A' })]],
    [
      'with another salt',
      [refusal(401, 'UNAUTHENTICATED_API_CALL', 'salt header value is not valid'), success({ name: 'A' })],
    ],
  ])('gives what it holds %s', async (_, steps) => {
    expect(await read(...steps)).toMatchObject({ kind: 'found', customer: { id: customerId, name: 'A' } })
  })

  it.each([
    ['ERROR_GET_CUSTOMER', 400],
    ['INVALID_CUSTOMER_ID', 400],
    ['UNAUTHORIZED_API_CALL', 401],
    ['NOT_FOUND', 404],
  ])('says that it is missing on %s', async (code, status) => {
    expect(await read(refusal(status, code))).toMatchObject({ kind: 'missing', status })
  })

  it('gives up on a customer that cannot be read, without ending the run', async () => {
    expect(await read(...times(6, response(500, '')))).toMatchObject({ kind: 'unreadable', code: 'E_SERVER' })
    expect(await read(...times(6, lost))).toMatchObject({ kind: 'unreadable', code: 'E_NETWORK' })
    expect(await read(refusal(403, 'FORBIDDEN'))).toMatchObject({ kind: 'unreadable', code: 'E_FORBIDDEN' })
  })

  it('gives up on a customer whose reads alone a firewall refuses', async () => {
    const page = response(403, '<html>')
    const reading = await read(page, page, page, success(), page, success())
    expect(reading).toMatchObject({ kind: 'unreadable', code: 'E_BLOCKED' })
  })

  it('ends the run where the keys are refused, or an answer is about another customer', async () => {
    expect(await read(refusal(401, 'UNAUTHENTICATED_API_CALL', 'access_key header'))).toMatchObject({
      code: 'E_AUTH',
    })
    expect(await read(success({ id: 'cus_other' }))).toMatchObject({ code: 'E_WRONG_CUSTOMER' })
  })
})
