/** What each fault does: whether the request is carried out first, which answer it gets, and how the answer goes out. */
import { page, plainJson, refusal, success, tooManyRequests } from './answers.ts'
import type { Answer, Wire } from './answers.ts'
import { authenticationRefusals } from './authentication.ts'
import { couponSpent } from './customer-rules.ts'
import type { Fault, FaultName } from './faults.ts'
import type { Route } from './routes.ts'

/**
 * `before`: nothing is carried out; without an answer only the wire matters. `kept`: the same, but after authentication and
 * idempotency. `after`: the request is carried out, then its answer is changed.
 */
export type FaultEffect =
  | { readonly stage: 'before'; readonly answer?: Answer; readonly wire: Wire }
  | { readonly stage: 'kept'; readonly answer: Answer; readonly wire: Wire }
  | { readonly stage: 'after'; readonly change: (answer: Answer) => Answer; readonly wire: Wire }

const same = (answer: Answer) => answer
const before = (answer: Answer): FaultEffect => ({ stage: 'before', answer, wire: 'whole' })
const after = (change: (answer: Answer) => Answer, wire: Wire = 'whole'): FaultEffect => ({
  stage: 'after',
  change,
  wire,
})
const serverError = () => refusal(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong.')

/** What the effect of a fault may depend on. */
interface Struck {
  readonly argumentMs: number
  readonly route: Route
  readonly limitBody: 'html' | 'json'
}

const effects: Readonly<Record<FaultName, (struck: Struck) => FaultEffect>> = {
  refuse: () => ({ stage: 'before', wire: 'close' }),
  'reset-before': () => ({ stage: 'before', wire: 'reset' }),
  hang: () => ({ stage: 'before', wire: 'silence' }),
  'reset-after': () => after(same, 'reset'),
  'hang-after': () => after(same, 'silence'),
  'reset-body': () => after(same, 'reset-body'),
  truncated: () => after(same, 'truncated'),
  'cut-json': () => after(same, 'cut-json'),
  garbage: () => after(same, 'garbage'),
  drip: () => after(same, 'drip'),
  'empty-200': () => after(() => plainJson(200, '')),
  'odd-200': () => after(() => plainJson(200, '{"result":"ok"}')),
  'huge-200': () => after(() => success({ padding: 'x'.repeat(2 ** 21) })),
  'wrong-id': () => after(() => success({ id: `cus_${'0'.repeat(31)}1` })),
  '500-after': () => after(() => plainJson(500, '')),
  '502-after': () => after(() => page(502, 'Bad Gateway')),
  429: ({ argumentMs, limitBody }) =>
    before(tooManyRequests(limitBody, argumentMs === 0 ? undefined : argumentMs)),
  '403-html': () => before(page(403, 'Forbidden')),
  500: () => before(plainJson(500, '')),
  '500-json': () => before(serverError()),
  '500-kept': () => ({ stage: 'kept', answer: serverError(), wire: 'whole' }),
  '502-html': () => before(page(502, 'Bad Gateway')),
  '503-html': () => before(page(503, 'Service Unavailable')),
  'html-200': () => before(page(200, 'Sign in to this network')),
  'error-200': () => before(refusal(200, 'ERROR_CREATE_CUSTOMER')),
  'bare-string': () => before(plainJson(400, '"Bad Request"')),
  redirect: () => before(page(302, 'Found', { location: '/elsewhere' })),
  'not-found': ({ route }) =>
    before(refusal(400, route.call === 'retrieve' ? 'ERROR_GET_CUSTOMER' : 'INVALID_CUSTOMER_ID')),
  'coupon-spent': () => before(couponSpent()),
  'not-here-401': () => before(refusal(401, 'UNAUTHORIZED_API_CALL')),
  'key-401': () => before(authenticationRefusals.accessKey()),
  'signature-401': () => before(authenticationRefusals.signature()),
  'timestamp-401': () => before(authenticationRefusals.timestamp()),
  'salt-401': () => before(authenticationRefusals.salt()),
  // These two only change the delay and the clock; the plan never returns them as the fault that strikes.
  slow: () => after(same),
  clock: () => after(same),
}

export function findEffect(
  { name, argumentMs }: Fault,
  route: Route,
  limitBody: 'html' | 'json',
): FaultEffect {
  return effects[name]({ argumentMs, route, limitBody })
}
