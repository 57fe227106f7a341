/**
 * The calls that change a customer, and which of them a row needs. A blank coupon is Delete Discount: that `coupon: ""` removes a
 * discount is documented nowhere.
 */
import type { ApiRequest, ApiResponse } from '../model/ports.ts'
import { splitNames, type OperationName, type Patch, type UpdateRequest } from '../model/row.ts'
import { narrowRequest, parseBody, type RunIdentity } from './requests.ts'
import { isEmpty } from './snapshot.ts'
import { classify, classifyRemoval, type Verdict } from './response.ts'

interface Operation {
  toRequest(request: UpdateRequest): ApiRequest
  classify(response: Pick<ApiResponse, 'status' | 'body'>, customerId: string): Verdict
}

export const operations: Readonly<Record<OperationName, Operation>> = {
  update_customer: {
    toRequest: ({ path, body, idempotencyKey }) => ({ method: 'post', path, body, idempotencyKey }),
    classify,
  },
  delete_discount: {
    toRequest: ({ path, idempotencyKey }) => ({
      method: 'delete',
      path: `${path}/discount`,
      body: '',
      idempotencyKey,
    }),
    classify: classifyRemoval,
  },
}

/** The fields of a patch that may be there twice after it was sent twice: addresses are appended, and a coupon makes a discount. */
export function addingUp(patch: Readonly<Patch>): readonly string[] {
  return ['addresses', 'coupon'].filter((field) => !isEmpty(patch[field]))
}

/** True if the patch blanks the coupon. A mapping may clear it with a value of its own, which is sent. */
export function removesDiscount(patch: Readonly<Patch>): boolean {
  return patch['coupon'] === ''
}

/** The operations of a row that removes a discount; undefined if the row is one update. `rest` is undefined if it sets nothing else. */
export function splitRemoval(request: UpdateRequest, run: RunIdentity) {
  if (!splitNames(request.cleared).includes('coupon')) return undefined
  // The body that an earlier session has sent may hold the rest alone.
  const own = { ...request, body: request.reading?.patch ?? request.body }
  if (!removesDiscount(parseBody(own.body))) return undefined
  const others = new Set(request.sends.filter((field) => field !== 'coupon'))
  return {
    removal: narrowRequest(own, new Set(['coupon']), run, 'delete_discount'),
    rest: others.size === 0 ? undefined : narrowRequest(request, others, run),
  }
}
