/**
 * Faults on demand. A specification is a list of items, separated by commas; each is a name and where it strikes:
 *
 *     500                   every request           500@3            the third request
 *     500:2%                2% of the requests      500@3-5          the third to the fifth; `@3-` from the third on
 *     500=cus_1             this customer's         500:x2           the first two times only
 *     500/post              updates only; `/get` for reads           slow(2s):1%   with an argument
 *
 * and these combine: `reset-after/post=cus_1@2`, `502-html:5%:x10`. Requests are counted from 1, since the faults were
 * set and among those that the method and the customer let through. Shares are drawn from the seed, the customer and
 * the how-manieth request of that customer: the same file, faults and seed give each customer the same fate, in
 * whatever order its requests arrive beside the others'.
 *
 * The first item that strikes wins; `slow` and `clock` add themselves to whatever else happens. `refuse` strikes before
 * the rate limit counts the request, all others behind it. A fault that "applies nothing" strikes before signature and
 * salt are looked at; one that "applies" damages the answer of a request that was carried out, or refused, as always.
 */

export interface FaultKind {
  /** One line for help texts. */
  readonly summary: string
  readonly argument?: { readonly example: string; readonly required: boolean }
}

export const faultNames = {
  refuse: { summary: 'closes the connection at once; applies nothing, and no rate limit counts it' },
  'reset-before': { summary: 'resets the connection before applying' },
  'reset-after': { summary: 'applies, then resets the connection without an answer' },
  'reset-body': { summary: 'applies, then resets the connection in the middle of the answer' },
  truncated: { summary: 'applies, then closes with half of the bytes that Content-Length announces' },
  'cut-json': { summary: 'applies, then answers with half of the JSON, no length and a closed connection' },
  garbage: { summary: 'applies, then answers with bytes that are not HTTP' },
  'empty-200': { summary: 'applies, then answers 200 with no body' },
  'odd-200': { summary: 'applies, then answers 200 with JSON that is not an envelope' },
  'huge-200': { summary: 'applies, then answers 200 with over 2 MB of JSON' },
  'wrong-id': { summary: 'applies, then answers with the id of another customer' },
  drip: {
    summary: 'applies, then answers one byte at a time, one in each such time',
    argument: { example: 'drip(100ms)', required: true },
  },
  hang: { summary: 'never answers; applies nothing' },
  'hang-after': { summary: 'applies, then never answers' },
  429: {
    summary: '429 as from the firewall; an argument is sent as Retry-After; applies nothing',
    argument: { example: '429(7s)', required: false },
  },
  '403-html': { summary: '403 with an HTML page, as from a firewall; applies nothing' },
  500: { summary: '500 with no body; applies nothing' },
  '500-after': { summary: 'applies, then answers 500 with no body' },
  '500-json': { summary: '500 with an error envelope; applies nothing' },
  '500-kept': {
    summary: 'as 500-json, and kept as the first answer to the idempotency key where those are on',
  },
  '502-html': { summary: '502 with an HTML page, as from a gateway; applies nothing' },
  '502-after': { summary: 'applies, then answers 502 with an HTML page' },
  '503-html': { summary: '503 with an HTML page; applies nothing' },
  'html-200': { summary: '200 with an HTML page, as from a captive portal; applies nothing' },
  'error-200': { summary: '200 with an error envelope; applies nothing' },
  'bare-string': { summary: '400 with a bare JSON string; applies nothing' },
  redirect: { summary: '302 to another path; applies nothing' },
  'not-found': { summary: '400, no such customer; applies nothing' },
  'not-here-401': { summary: '401 UNAUTHORIZED_API_CALL with an empty message; applies nothing' },
  'key-401': { summary: '401, access key not valid; applies nothing' },
  'signature-401': { summary: '401, signature mismatch; applies nothing' },
  'timestamp-401': { summary: '401, timestamp out of range; applies nothing' },
  'salt-401': { summary: '401, salt used not long ago; applies nothing' },
  slow: {
    summary: 'applies at once, answers so much later',
    argument: { example: 'slow(2s)', required: true },
  },
  clock: {
    summary: "puts the server's clock ahead (+) or back (-) for timestamps and Date",
    argument: { example: 'clock(+90s)', required: true },
  },
} as const satisfies Readonly<Record<string, FaultKind>>

export type FaultName = `${keyof typeof faultNames}`

export interface Fault {
  readonly name: FaultName
  /** The argument in milliseconds; 0 where there is none. */
  readonly argumentMs: number
  /** 0 to 1 of the requests it could strike. */
  readonly share: number
  /** The requests it could strike, counted from 1. */
  readonly from: number
  readonly to: number
  /** How often it strikes at most. */
  readonly times: number
  /** Empty for every customer. */
  readonly customerId: string
  /** Empty for every method. */
  readonly method: '' | 'GET' | 'POST'
}

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faultNames, text)
}

/** What the table says about a fault. */
export function faultKind(name: FaultName): FaultKind {
  return faultNames[name]
}
