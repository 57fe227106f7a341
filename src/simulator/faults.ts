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
import kinds from './fault-kinds.json' with { type: 'json' }

export interface FaultKind {
  /** One line for help texts. */
  readonly summary: string
  readonly argument?: { readonly example: string; readonly required: boolean }
}

/** By name. A copy, so that its type is in our declarations and not the JSON file. */
export const faultNames = { ...kinds }

export type FaultName = keyof typeof faultNames

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
