/** List Customers: the path of a page, and the customers on it (rapyd-api.md, 5.4). */
import { isJsonObject, parseJson } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'

/** The most that a page may hold. */
export const pageSize = 100

/** Where a page lies: the customers created after one, or before one. */
export interface Cursor {
  readonly side: 'starting_after' | 'ending_before'
  readonly customerId: string
}

/** From `/v1` on. The id has been checked, so nothing needs escaping. */
export function listPath({ side, customerId }: Cursor): string {
  return `/v1/customers?limit=${pageSize}&${side}=${customerId}`
}

/** `undefined` where the body is no successful list. */
export function customersIn(body: string): readonly JsonObject[] | undefined {
  const answer = parseJson(body)
  if (!isJsonObject(answer) || !isJsonObject(answer['status'])) return undefined
  const { data } = answer
  if (answer['status']['status'] !== 'SUCCESS' || !Array.isArray(data)) return undefined
  const items: readonly unknown[] = data
  return items.filter(isJsonObject)
}
