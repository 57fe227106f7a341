/** Decides which fault strikes a request: by count, by customer and by dice that the seed fixes. */
import type { Fault } from './faults.ts'

export interface Draw {
  /** The fault that strikes; `slow` and `clock` only add to the two numbers below. */
  readonly fault: Fault | undefined
  readonly delayMs: number
  /** The server's clock minus the true one. */
  readonly skewMs: number
  /** Which of these it was, for the call log; empty where nothing strikes. */
  readonly name: string
}

export type FaultPlan = (method: string, customerId: string) => Draw

const nothing: Draw = { fault: undefined, delayMs: 0, skewMs: 0, name: '' }

export function createFaultPlan(faults: readonly Fault[], seed: number): FaultPlan {
  if (faults.length === 0) return () => nothing
  const watched = faults.map((fault, index) => ({ fault, index, met: 0, struck: 0 }))
  const rolls = faults.some(({ share }) => share < 1)
  const requestsOf = new Map<string, number>()

  return (method, customerId) => {
    const nth = (requestsOf.get(customerId) ?? 0) + 1
    if (rolls) requestsOf.set(customerId, nth)
    let draw = nothing
    for (const entry of watched) {
      const { fault, index } = entry
      if (fault.method !== '' && fault.method !== method) continue
      if (fault.customerId !== '' && fault.customerId !== customerId) continue
      entry.met += 1
      if (entry.met < fault.from || entry.met > fault.to || entry.struck >= fault.times) continue
      if (fault.share < 1 && dice(`${seed}|${index}|${customerId}|${nth}`) >= fault.share) continue
      const next = add(draw, fault)
      if (next !== draw) entry.struck += 1
      draw = next
    }
    return draw
  }
}

function add(draw: Draw, fault: Fault): Draw {
  const { name, argumentMs } = fault
  const shown = draw.name === '' ? name : draw.name
  if (name === 'slow') return { ...draw, delayMs: draw.delayMs + argumentMs, name: shown }
  if (name === 'clock') return { ...draw, skewMs: draw.skewMs + argumentMs, name: shown }
  return draw.fault === undefined ? { ...draw, fault, name } : draw
}

/** A number from 0 to 1 that only the text decides: FNV-1a, then the finaliser of MurmurHash3 to spread it. */
function dice(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
