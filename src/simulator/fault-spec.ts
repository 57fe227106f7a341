/** Reads a specification of faults; `faults.ts` holds the grammar and the names. */
import { didYouMean, nearest } from '../model/text.ts'
import { faultKind, faultNames, isFaultName } from './faults.ts'
import type { Fault } from './faults.ts'

export interface FaultsProblem {
  readonly message: string
  readonly remedy: string
}

const item = /^([a-z0-9-]*?)(?:\(([^)]*)\))?((?:[/:@=\s]|x\d+(?=$|[/:@=\s])).*)?$/s
const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** Faults in the order of the text, or what is wrong with it (tell them apart by `message`). A blank text is no faults. */
export function parseFaults(spec: string): readonly Fault[] | FaultsProblem {
  const faults: Fault[] = []
  for (const text of spec.split(',').map((part) => part.trim())) {
    if (text === '') continue
    const fault = parseFault(text)
    if ('message' in fault) return fault
    faults.push(fault)
  }
  return faults
}

function parseFault(text: string): Fault | FaultsProblem {
  const [, name = '', argument, selectors = ''] = item.exec(text) ?? []
  if (!isFaultName(name)) {
    const written = name === '' ? text : name
    const names = Object.keys(faultNames)
    return {
      message: `there is no fault "${written}"`,
      remedy: `${didYouMean(nearest(written, names))}Faults: ${names.join(', ')}.`,
    }
  }
  const { argument: wanted } = faultKind(name)
  const argumentMs = argument === undefined ? undefined : parseDuration(argument)
  if (wanted === undefined && argument !== undefined)
    return { message: `the fault "${name}" takes no argument`, remedy: `Write it as ${name}.` }
  if (wanted !== undefined && argumentMs === undefined && (wanted.required || argument !== undefined))
    return {
      message: `the fault "${name}" needs a duration`,
      remedy: `Write it as ${wanted.example}, in ms, s, m or h.`,
    }
  if (name !== 'clock' && (argumentMs ?? 0) < 0)
    return { message: `the fault "${name}" needs a duration ahead`, remedy: 'Leave out the minus sign.' }
  return parseSelectors({ ...everyRequest, name, argumentMs: argumentMs ?? 0 }, selectors)
}

const everyRequest = { share: 1, from: 1, to: Infinity, times: Infinity, customerId: '', method: '' } as const

const selector =
  /\s*(?:\/(?<method>get|post)|:?(?<share>\d+(?:\.\d+)?)%|@(?<from>\d+)(?<open>-)?(?<to>\d+)?|=(?<id>[A-Za-z0-9_-]+)|:?x(?<times>\d+))\s*/iy

function parseSelectors(plain: Fault, text: string): Fault | FaultsProblem {
  const fault: { -readonly [Key in keyof Fault]: Fault[Key] } = { ...plain }
  selector.lastIndex = 0
  while (selector.lastIndex < text.length) {
    const { method, share, from, open, to, id, times } = selector.exec(text)?.groups ?? {}
    if (method !== undefined) fault.method = method.toUpperCase() === 'GET' ? 'GET' : 'POST'
    else if (share !== undefined && Number(share) <= 100) fault.share = Number(share) / 100
    else if (from !== undefined && (open !== undefined || to === undefined)) {
      fault.from = Number(from)
      fault.to = to === undefined ? (open === undefined ? fault.from : Infinity) : Number(to)
    } else if (id !== undefined) fault.customerId = id
    else if (times !== undefined) fault.times = Number(times)
    else return selectorProblem(plain.name, text)
  }
  return fault.from < 1 || fault.to < fault.from ? selectorProblem(plain.name, text) : fault
}

function selectorProblem(name: string, text: string): FaultsProblem {
  return {
    message: `cannot read where the fault "${name}" strikes: "${text.trim()}"`,
    remedy: `Write ${name}:2% for a share, ${name}@3 or ${name}@3-5 for the nth requests, ${name}=cus_… for a customer, ${name}:x2 for two times, ${name}/get or ${name}/post for a method.`,
  }
}

function parseDuration(text: string): number | undefined {
  const [, sign, number, unit = ''] = /^([+-]?)(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? []
  const factor = units.get(unit)
  return factor === undefined ? undefined : Number(number) * factor * (sign === '-' ? -1 : 1)
}
