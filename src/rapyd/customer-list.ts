/** List Customers: the path of a page (rapyd-api.md, 5.4). */

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
