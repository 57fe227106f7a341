/**
 * Lane S: nights of `--only-changed` over one customer base. Nights are killed and gone on with, or given up for the next
 * export; the state is lost; other runs write in between. After each night Rapyd has to hold what its export says, and of
 * customers whom nothing has happened to, each call must hold just what differs.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject } from '../../src/model/json.ts'
import { createSimulator } from '../../src/simulator/server.ts'
import type { SimulatedCall, Simulator } from '../../src/simulator/server.ts'
import { createDice } from './dice.ts'
import { csvOf, fields, firstExport, nextExport } from './export.ts'
import type { Export, Values } from './export.ts'
import { createWorkplace, startSession } from './session.ts'
import type { Ended, Session } from './session.ts'

export interface SyncPlan {
  readonly seed: number
  readonly rows: number
  readonly nights: number
  /** Share of the customers that change from night to night. */
  readonly share: number
}

export interface SyncResult {
  readonly kills: number
  readonly calls: number
  readonly violations: readonly string[]
}

const concurrency = 4

/** In turns; the first night has nothing to lose. */
const courses = ['whole', 'killed', 'given up', 'killed', 'lost', 'elsewhere', 'lost elsewhere'] as const

export async function sync({ seed, rows, nights, share }: SyncPlan): Promise<SyncResult> {
  const dice = createDice(seed ^ 0x0517)
  const idempotency = seed % 2 === 0 ? 'off' : 'all-post'
  const faults = 'reset-after:1%,reset-before:1%'
  const server = { windows: [], faults, seed, latencyMs: 2, keepCalls: 1_000_000 }
  const simulator = await createSimulator({ ...server, idempotency })
  const place = createWorkplace('crm.csv', '')
  const env = {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }
  const args = [
    '--rate',
    '100000/1s',
    '--concurrency',
    String(concurrency),
    '--quiet',
    '--accept-change',
    'all',
    '--max-clears',
    '100%',
  ]
  let session: Session | undefined
  const start = (file: string, ...more: readonly string[]): Session =>
    (session = startSession(place.path, ['update', file, ...args, ...more], env))
  const violations: string[] = []
  let kills = 0

  /** Kills a session once so many calls have come. False where it ended before. */
  async function kill(calls: number): Promise<boolean> {
    const killed = start('crm.csv', '--only-changed')
    const until = simulator.callCount + calls
    while (killed.running && simulator.callCount < until) await sleep(1)
    await sleep(dice.roll(0, 6))
    killed.signal('SIGKILL')
    const isKilled = (await killed.ended).signal === 'SIGKILL'
    if (isKilled) kills++
    return isKilled
  }

  async function toEnd(file: string, ...more: readonly string[]): Promise<void> {
    const end: Ended = await start(file, ...more).ended
    if (end.code !== 0) violations.push(`${file} ended ${end.code ?? end.signal}: ${end.stderr}`)
  }

  try {
    let last: Export = new Map()
    let next = firstExport(rows)
    /** Customers whom something has happened to that leaves doubts. */
    let shaken = new Set<string>()
    /** Those of all nights: journals do not tell of a doubt that another night has settled without a call. */
    const doubted = new Set<string>()
    let givenUp = 0
    for (let night = 0; night < nights && violations.length === 0; night++) {
      const course = courses[night % courses.length] ?? 'whole'
      if (course.startsWith('lost')) {
        shaken = new Set(doubted)
        rmSync(join(place.path, '.state'), { recursive: true })
      }
      if (course.endsWith('elsewhere')) {
        const some = [...last].filter(() => dice.chance(0.1)).map(([id]) => `${id},Elsewhere ${night}\n`)
        writeFileSync(join(place.path, 'other.csv'), `customer,name\n${some.join('')}`)
        const before = simulator.calls.length
        await toEnd('other.csv')
        if (course.startsWith('lost')) for (const id of touched(simulator.calls.slice(before))) shaken.add(id)
      }
      writeFileSync(join(place.path, 'crm.csv'), csvOf(next))
      const changes = [...next].filter(([id, values]) => last.get(id) !== values).length
      const held = new Map([...next.keys()].map((id) => [id, heldBy(simulator, id)]))
      const begun = simulator.calls.length
      if (course === 'given up' && (await kill(dice.roll(1, changes)))) {
        // Rows that had an intent and did not get as far as the server are in doubt, too.
        for (const [id, values] of next) if (last.get(id) !== values) doubted.add(id)
        for (const id of doubted) shaken.add(id)
        givenUp++
        // Another export comes next, or once more the last one that was sent to its end.
        next = dice.chance(0.5) ? last : nextExport(next, night, dice, share)
        continue
      }
      if (course === 'killed') for (let at = 0; at < 3; at++) await kill(dice.roll(0, changes / 2))
      await toEnd('crm.csv', '--only-changed')
      const calls = simulator.calls.slice(begun)
      const evidence = { last, next, held, calls, shaken, simulator, needlessAtMost: givenUp * concurrency }
      violations.push(
        ...[...wrongs(evidence), ...needless(evidence)].map(
          (wrong) => `night ${night} (${course}): ${wrong}`,
        ),
      )
      shaken = new Set()
      last = next
      next = nextExport(next, night, dice, share)
    }
    return { kills, calls: simulator.callCount, violations }
  } finally {
    session?.signal('SIGKILL')
    await session?.ended
    await simulator.close()
    place.remove()
  }
}

interface Evidence {
  readonly last: Export
  readonly next: Export
  /** What Rapyd held before the night. */
  readonly held: ReadonlyMap<string, Values>
  readonly calls: readonly SimulatedCall[]
  readonly shaken: ReadonlySet<string>
  readonly simulator: Simulator
  /** Customers whose calls may have been on their way when a night was given up. */
  readonly needlessAtMost: number
}

/** Of those that were shaken, at most the calls that were on their way may be made for nothing. */
function needless({ next, held, calls, shaken, needlessAtMost }: Evidence): string[] {
  const sent = new Set(touched(calls)).intersection(shaken)
  const found = [...sent].filter((id) =>
    fields.every((field) => held.get(id)?.[field] === next.get(id)?.[field]),
  )
  return found.length > needlessAtMost ? [`${found.length} customers were sent what they held`] : []
}

function wrongs({ last, next, held, calls, shaken, simulator }: Evidence): string[] {
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
    if (applied > 1) found.push(`${id} was updated ${applied} times`)
    const differing = fields.filter((field) => held.get(id)?.[field] !== values[field])
    const wanted = last.has(id) || shaken.has(id) ? differing : fields
    for (const names of own.map(({ body }) => namesIn(body))) {
      const isRight = shaken.has(id)
        ? wanted.every((name) => names.includes(name))
        : names.join() === wanted.join()
      if (!isRight) found.push(`${id} was sent ${names.join()}, and ${wanted.join()} differs`)
    }
    return found
  })
}

function touched(calls: readonly SimulatedCall[]): readonly string[] {
  return calls.filter(({ method }) => method === 'POST').map(({ customerId }) => customerId)
}

function namesIn(body: string): readonly string[] {
  const names = new Set(Object.keys(JSON.parse(body)))
  return fields.filter((field) => names.has(field === 'tier' ? 'metadata' : field))
}

function heldBy(simulator: Simulator, id: string): Values {
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
