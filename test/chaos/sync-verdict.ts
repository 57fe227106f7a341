/** What has to hold after a night of `--only-changed`. Gives a list of sentences; none means that everything holds. */
import { isJsonObject } from '../../src/model/json.ts'
import type { SimulatedCall, Simulator } from '../../src/simulator/server.ts'
import { fields, type Export, type Values } from './export.ts'

/** What may be uncertain before a night. */
export interface Doubts {
  /** Customers whom something has happened to: what differs must be sent to them, and more may be. */
  readonly shaken: ReadonlySet<string>
  /** Of those, so many may be sent only what they hold. */
  readonly needlessAtMost: number
  /** Updates of one of them that may be applied; only one of any other. */
  readonly mostApplied: number
}

export interface Evidence extends Doubts {
  readonly next: Export
  /** Customers of whom the state knows all fields. */
  readonly known: ReadonlySet<string>
  /** What Rapyd held before the night. */
  readonly held: ReadonlyMap<string, Values>
  readonly calls: readonly SimulatedCall[]
  readonly simulator: Simulator
}

export function wrongs(evidence: Evidence): readonly string[] {
  return [...wrongCustomers(evidence), ...needless(evidence)]
}

function needless({ next, held, calls, shaken, needlessAtMost }: Evidence): readonly string[] {
  const found = touched(calls).filter(
    (id) => shaken.has(id) && fields.every((field) => held.get(id)?.[field] === next.get(id)?.[field]),
  )
  return found.length > needlessAtMost ? [`${found.length} customers were sent what they held`] : []
}

function wrongCustomers({
  next,
  held,
  calls,
  shaken,
  known,
  simulator,
  mostApplied,
}: Evidence): readonly string[] {
  const sent = Map.groupBy(
    calls.filter(({ method }) => method === 'POST'),
    ({ customerId }) => customerId,
  )
  return [...next].flatMap(([id, values]) => {
    const found: string[] = []
    const now = heldBy(simulator, id)
    for (const field of fields)
      if (now[field] !== values[field]) found.push(`${id} holds ${field} ${now[field]}, not ${values[field]}`)
    const own = sent.get(id) ?? []
    const applied = own.filter((call) => call.applied && !call.replayed).length
    if (applied > (shaken.has(id) ? mostApplied : 1)) found.push(`${id} was updated ${applied} times`)
    const differing = fields.filter((field) => held.get(id)?.[field] !== values[field])
    const wanted = known.has(id) || shaken.has(id) ? differing : fields
    for (const names of own.map(({ body }) => namesIn(body))) {
      const isRight = shaken.has(id)
        ? wanted.every((name) => names.includes(name))
        : names.join() === wanted.join()
      if (!isRight) found.push(`${id} was sent ${names.join()}, and ${wanted.join()} differs`)
    }
    return found
  })
}

/** Customers that updates were sent to. */
function touched(calls: readonly SimulatedCall[]): readonly string[] {
  return [...new Set(calls.filter(({ method }) => method === 'POST').map(({ customerId }) => customerId))]
}

function namesIn(body: string): readonly string[] {
  const names = new Set(Object.keys(JSON.parse(body)))
  return fields.filter((field) => names.has(field === 'tier' ? 'metadata' : field))
}

export function heldBy(simulator: Simulator, id: string): Values {
  const customer = simulator.customer(id)
  const metadata = customer?.['metadata']
  return {
    name: text(customer?.['name']),
    email: text(customer?.['email']),
    description: text(customer?.['description']),
    tier: isJsonObject(metadata) ? text(metadata['tier']) : '',
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
