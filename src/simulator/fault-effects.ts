/** What each fault does: whether the request is carried out first, which answer it gets, and how that goes out. */
import { page, plainJson, refusal, success, tooManyRequests } from './answers.ts'
import type { Answer } from './answers.ts'
import { authenticationRefusals } from './authentication.ts'
import type { Fault } from './faults.ts'
import type { Route } from './routes.ts'

/** How an answer leaves: `whole`, or damaged in one of these ways. */
export type Wire =
  | 'whole'
  | 'close'
  | 'reset'
  | 'reset-body'
  | 'truncated'
  | 'cut-json'
  | 'garbage'
  | 'drip'
  | 'silence'

/**
 * `before`: nothing is carried out; no answer means that only the wire matters. `kept`: as `before`, but behind
 * authentication and idempotency. `after`: carried out, then the answer is made another one.
 */
export type Effect =
  | { readonly stage: 'before'; readonly answer?: Answer; readonly wire: Wire }
  | { readonly stage: 'kept'; readonly answer: Answer; readonly wire: Wire }
  | { readonly stage: 'after'; readonly change: (answer: Answer) => Answer; readonly wire: Wire }

const same = (answer: Answer) => answer
const before = (answer: Answer): Effect => ({ stage: 'before', answer, wire: 'whole' })
const after = (change: (answer: Answer) => Answer, wire: Wire = 'whole'): Effect => ({
  stage: 'after',
  change,
  wire,
})
const serverError = () => refusal(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong.')

export function effectOf(fault: Fault, route: Route, limitBody: 'html' | 'json'): Effect {
  const { name, argumentMs } = fault
  switch (name) {
    case 'refuse':
      return { stage: 'before', wire: 'close' }
    case 'reset-before':
      return { stage: 'before', wire: 'reset' }
    case 'hang':
      return { stage: 'before', wire: 'silence' }
    case 'reset-after':
      return after(same, 'reset')
    case 'hang-after':
      return after(same, 'silence')
    case 'reset-body':
    case 'truncated':
    case 'cut-json':
    case 'garbage':
    case 'drip':
      return after(same, name)
    case 'empty-200':
      return after(() => plainJson(200, ''))
    case 'odd-200':
      return after(() => plainJson(200, '{"result":"ok"}'))
    case 'huge-200':
      return after(() => success({ padding: 'x'.repeat(2 ** 21) }))
    case 'wrong-id':
      return after(() => success({ id: `cus_${'0'.repeat(31)}1` }))
    case '500-after':
      return after(() => plainJson(500, ''))
    case '502-after':
      return after(() => page(502, 'Bad Gateway'))
    case '429':
      return before(tooManyRequests(limitBody, argumentMs === 0 ? undefined : argumentMs))
    case '403-html':
      return before(page(403, 'Forbidden'))
    case '500':
      return before(plainJson(500, ''))
    case '500-json':
      return before(serverError())
    case '500-kept':
      return { stage: 'kept', answer: serverError(), wire: 'whole' }
    case '502-html':
      return before(page(502, 'Bad Gateway'))
    case '503-html':
      return before(page(503, 'Service Unavailable'))
    case 'html-200':
      return before(page(200, 'Sign in to this network'))
    case 'error-200':
      return before(refusal(200, 'ERROR_CREATE_CUSTOMER'))
    case 'bare-string':
      return before(plainJson(400, '"Bad Request"'))
    case 'redirect':
      return before(page(302, 'Found', { location: '/elsewhere' }))
    case 'not-found':
      return before(refusal(400, route.call === 'retrieve' ? 'ERROR_GET_CUSTOMER' : 'INVALID_CUSTOMER_ID'))
    case 'not-here-401':
      return before(refusal(401, 'UNAUTHORIZED_API_CALL'))
    case 'key-401':
      return before(authenticationRefusals.accessKey())
    case 'signature-401':
      return before(authenticationRefusals.signature())
    case 'timestamp-401':
      return before(authenticationRefusals.timestamp())
    case 'salt-401':
      return before(authenticationRefusals.salt())
    // Both only change the delay and the clock; the plan never gives them out as the fault that strikes.
    case 'slow':
    case 'clock':
      return after(same)
    default:
      return name satisfies never
  }
}
