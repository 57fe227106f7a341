/**
 * The calls that exist: Update, Retrieve and List Customers, and Delete Discount. Every other path or method is, as
 * documented, 401 `UNAUTHORIZED_API_CALL` with an empty message; that includes an empty customer id.
 */
import { randomUUID } from 'node:crypto'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { JsonValue } from '../model/json.ts'
import { canned, refusal, success } from './answers.ts'
import type { Answer } from './answers.ts'
import type { ReceivedRequest } from './authentication.ts'
import type { Customers } from './customers.ts'

export interface Route {
  readonly call: 'update' | 'retrieve' | 'list' | 'delete-discount' | 'unknown'
  /** As in the path, even if there is no such customer; empty if the path names none. */
  readonly customerId: string
  readonly query: string
}

export interface SimulatedRequest extends ReceivedRequest {
  readonly route: Route
  readonly tooLarge: boolean
}

/** The route of a request line. Ids are not decoded: one that needs escaping is not well formed. */
export function parseRoute(method: string, url: string): Route {
  const [path = '', query = ''] = url.split(/\?(.*)/s, 2)
  const [, id, rest] = /^\/v1\/customers(?:\/([^/]+)(\/.*)?)?$/.exec(path) ?? []
  const customerId = id ?? ''
  const call = callOf(method, path, customerId, rest)
  return { call, customerId, query }
}

function callOf(method: string, path: string, customerId: string, rest: string | undefined): Route['call'] {
  if (customerId === '') return method === 'GET' && path === '/v1/customers' ? 'list' : 'unknown'
  if (rest !== undefined) return method === 'DELETE' && rest === '/discount' ? 'delete-discount' : 'unknown'
  if (method === 'POST') return 'update'
  return method === 'GET' ? 'retrieve' : 'unknown'
}

/** What a call has changed: the content of its webhook. */
export interface ChangeEvent {
  readonly type: 'CUSTOMER_UPDATED' | 'CUSTOMER_DISCOUNT_DELETED'
  readonly data: JsonValue
  readonly operationId: string
}

export interface Handled {
  readonly answer: Answer
  /** Present if the call was applied. */
  readonly event?: ChangeEvent
}

export function handle(route: Route, body: string, customers: Customers): Handled {
  const { call, customerId } = route
  switch (call) {
    case 'update':
      return update(customerId, body, customers)
    case 'retrieve': {
      const customer = customers.find(customerId)
      return { answer: customer === undefined ? refusal(400, 'ERROR_GET_CUSTOMER') : success(customer) }
    }
    case 'list':
      return { answer: list(route.query, customers) }
    case 'delete-discount': {
      if (customers.find(customerId) === undefined) return { answer: refusal(400, 'INVALID_CUSTOMER_ID') }
      const id = customers.deleteDiscount(customerId)
      if (id === undefined) return { answer: refusal(400, 'ERROR_DELETE_CUSTOMER_DISCOUNT') }
      return applied('CUSTOMER_DISCOUNT_DELETED', { id, deleted: true })
    }
    case 'unknown':
      return { answer: canned('not-here-401') }
    default:
      return call satisfies never
  }
}

function applied(type: ChangeEvent['type'], data: JsonValue): Handled {
  const operationId = randomUUID()
  return { answer: success(data, operationId), event: { type, data, operationId } }
}

function update(id: string, body: string, customers: Customers): Handled {
  const patch = body === '' ? {} : parseJson(body)
  // No code is documented for either. Clients have seen a bare string for malformed bodies.
  if (patch === undefined) return { answer: canned('malformed') }
  if (!isJsonObject(patch)) return { answer: refusal(400, 'MISSING_INVALID_PARAMETERS') }
  const refusedWith = customers.update(id, patch)
  if (refusedWith !== undefined) return { answer: refusedWith }
  return applied('CUSTOMER_UPDATED', customers.find(id) ?? {})
}

function list(query: string, customers: Customers): Answer {
  const parameters = new URLSearchParams(query)
  const limit = parameters.get('limit') ?? '10'
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100)
    return refusal(400, 'INVALID_LIMIT')
  const found = customers.list({
    limit: Number(limit),
    startingAfter: parameters.get('starting_after') ?? undefined,
    endingBefore: parameters.get('ending_before') ?? undefined,
  })
  return found === undefined ? refusal(400, 'ERROR_GET_CUSTOMER') : success(found)
}
