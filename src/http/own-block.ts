/**
 * A firewall also judges what a request holds. Its page says the same as for a limit of everybody's, but comes to one call again and
 * again while others get through: that call must not hold up the run for ever.
 */
import { isThrottled } from '../rapyd/response.ts'
import type { Calls } from './call.ts'

/** Told of every throttled answer to one call. True once others are known to get through where it does not. */
export type OwnBlock = (signal: AbortSignal) => Promise<boolean>

/** A limit hits one call twice by chance. */
const firstProof = 3
const proofs = 2
/** As many pauses of five minutes as fit into the longest pause of all; then it is over even where nothing can be proved. */
const mostTimes = 72

export function createOwnBlock(calls: Pick<Calls, 'list'>): OwnBlock {
  let times = 0
  let passed = 0
  return async (signal) => {
    times++
    if (times < firstProof) return false
    // It waits for the pause to end, as the call itself did.
    const found = await calls.list(signal).catch(() => undefined)
    const isThrough = found !== undefined && found.status < 500 && !isThrottled(found)
    passed = isThrough ? passed + 1 : 0
    return passed >= proofs || times >= mostTimes
  }
}
