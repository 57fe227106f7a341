/**
 * Faults on demand: their grammar, their parser, and the plan that decides which one strikes a request. A specification is a
 * list of items, separated by commas; each is a name and where it strikes, which `fault-selectors.json` lists.
 *
 * These combine: `reset-after/post=cus_1@2`, `502-html:5%:x10`. Requests are counted from 1, from when the faults were set,
 * and only those of the method and the customer. Shares are drawn from the seed, the customer and the number of the request
 * of that customer. So the same file, faults and seed give each customer the same faults, in any order of arrival.
 *
 * The first item that strikes wins; `slow` and `clock` are added to any other. `refuse` strikes before the rate limit counts
 * the request, all others after it. A fault of requests that are not applied strikes before signature and salt are checked. The
 * others damage the answer of a request that was carried out, or refused, as usual.
 */
import { unitMs } from '../config/values.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import kinds from './fault-kinds.json' with { type: 'json' }

interface FaultKind {
  readonly summary: string
  /** False if the request is not carried out. */
  readonly applies: boolean
  readonly argument?: { readonly example: string; readonly required: boolean }
}

/** By name. It is a copy, so that our declarations hold its type and not the JSON file. */
export const faultNames = { ...kinds }

export type FaultName = keyof typeof faultNames

export interface Fault {
  readonly name: FaultName
  /** The argument in milliseconds; 0 if there is none. */
  readonly argumentMs: number
  /** Share of the requests that it could strike, from 0 to 1. */
  readonly share: number
  /** First and last of the requests that it could strike, counted from 1. */
  readonly from: number
  readonly to: number
  readonly times: number
  /** Empty for every customer. */
  readonly customerId: string
  /** Empty for every method. */
  readonly method: string
}

function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faultNames, text)
}

function faultsProblem(message: string, tip: string): BulkUpdateError {
  return new BulkUpdateError('E_FAULTS', message, tip)
}

const item = /^([a-z0-9-]*?)(?:\(([^)]*)\))?((?:[/:@=\s]|x\d+(?=$|[/:@=\s])).*)?$/s

/** The faults in the order of the text; none if it is blank. Throws USAGE, E_FAULTS. */
export function parseFaults(spec: string): readonly Fault[] {
  const texts = spec.split(',').map((part) => part.trim())
  return texts.filter((text) => text !== '').map(parseFault)
}

function parseFault(text: string): Fault {
  const [, name = '', argument, selectors = ''] = item.exec(text) ?? []
  if (!isFaultName(name)) {
    const written = name === '' ? text : name
    const names = Object.keys(faultNames)
    const tip = `${didYouMean(findNearest(written, names))}Faults: ${names.join(', ')}.`
    throw faultsProblem(`there is no fault "${written}"`, tip)
  }
  const { argument: wanted }: FaultKind = faultNames[name]
  const argumentMs = argument === undefined ? undefined : readArgument(argument)
  const isFitting =
    wanted === undefined || (argument === undefined && !wanted.required)
      ? argument === undefined
      : argumentMs !== undefined && (argumentMs >= 0 || name === 'clock')
  if (!isFitting)
    throw faultsProblem(
      `the fault "${name}" ${wanted === undefined ? 'takes no argument' : 'needs a duration'}`,
      `Write it as ${wanted === undefined ? name : `${wanted.example}, in ms, s, m or h`}.`,
    )
  return parseSelectors({ ...everyRequest, name, argumentMs: argumentMs ?? 0 }, selectors)
}

const everyRequest = { share: 1, from: 1, to: Infinity, times: Infinity, customerId: '', method: '' } as const

const selector =
  /\s*(?:\/(?<method>get|post|delete)|:?(?<share>\d+(?:\.\d+)?)%|@(?<from>\d+)(?<open>-)?(?<to>\d+)?|=(?<id>[A-Za-z0-9_-]+)|:?x(?<times>\d+))\s*/iy

function parseSelectors(plain: Fault, text: string): Fault {
  const fault: { -readonly [Key in keyof Fault]: Fault[Key] } = { ...plain }
  selector.lastIndex = 0
  while (selector.lastIndex < text.length) {
    const { method, share, from, open, to, id, times } = selector.exec(text)?.groups ?? {}
    if (method !== undefined) fault.method = method.toUpperCase()
    else if (share !== undefined && Number(share) <= 100) fault.share = Number(share) / 100
    else if (from !== undefined && (open !== undefined || to === undefined)) {
      fault.from = Number(from)
      fault.to = to === undefined ? (open === undefined ? fault.from : Infinity) : Number(to)
    } else if (id !== undefined) fault.customerId = id
    else if (times !== undefined) fault.times = Number(times)
    else throw selectorProblem(plain.name, text)
  }
  if (fault.from < 1 || fault.to < fault.from) throw selectorProblem(plain.name, text)
  return fault
}

function selectorProblem(name: string, text: string): BulkUpdateError {
  return faultsProblem(
    `cannot read where the fault "${name}" strikes: "${text.trim()}"`,
    `Write ${name}:2% for a share, ${name}@3 or ${name}@3-5 for the nth requests, ${name}=cus_… for a customer, ${name}:x2 for two times, ${name}/get, ${name}/post or ${name}/delete for a method.`,
  )
}

function readArgument(text: string): number | undefined {
  const [, sign, number, unit = ''] = /^([+-]?)(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? []
  const factor = unitMs[unit]
  return factor === undefined ? undefined : Number(number) * factor * (sign === '-' ? -1 : 1)
}

/** Decides which fault strikes a request: by count, by customer, and by a draw that the seed determines. */
export function createFaultPlan(faults: readonly Fault[], seed: number) {
  const watched = faults.map((fault, index) => ({ fault, index, met: 0, struck: 0 }))
  const rolls = faults.some(({ share }) => share < 1)
  const requestsOf = new Map<string, number>()

  return (method: string, customerId: string) => {
    const nth = (requestsOf.get(customerId) ?? 0) + 1
    if (rolls) requestsOf.set(customerId, nth)
    let struck: Fault | undefined
    /** `slow` and `clock` add to any other; the second is the server's clock minus the true one. */
    let [delayMs, skewMs] = [0, 0]
    /** For the call log; empty if no fault strikes. */
    let name = ''
    for (const entry of watched) {
      const { fault, index } = entry
      if (fault.method !== '' && fault.method !== method) continue
      if (fault.customerId !== '' && fault.customerId !== customerId) continue
      entry.met += 1
      if (entry.met < fault.from || entry.met > fault.to || entry.struck >= fault.times) continue
      if (fault.share < 1 && drawShare(`${seed}|${index}|${customerId}|${nth}`) >= fault.share) continue
      if (fault.name === 'slow') delayMs += fault.argumentMs
      else if (fault.name === 'clock') skewMs += fault.argumentMs
      else if (struck !== undefined) continue
      else struck = fault
      entry.struck += 1
      name = struck?.name ?? (name || fault.name)
    }
    return { fault: struck, delayMs, skewMs, name }
  }
}

/** A number from 0 to 1 that only the text determines: FNV-1a, then the finaliser of MurmurHash3 to spread it. */
function drawShare(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
