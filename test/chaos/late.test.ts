/**
 * Whole runs, with the real engine and store, at a server that applies updates up to a minute after a lost answer. Time is
 * virtual. `RAPYD_BULK_LATE=1-500` plays these seeds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parse } from 'csv-parse/sync'
import type { BulkUpdateOptions, UpdateResult } from '../../src/index.ts'
import type { ApiResponse, Clock, SignedRequest } from '../../src/model/ports.ts'
import { createDice, type Dice } from './dice.ts'
import {
  customerOf,
  judgeLate,
  markOf,
  planFaults,
  planRows,
  rowTypes,
  textOf,
  type Ended,
  type LateRow,
  type RowType,
} from './late-judge.ts'
import { createLateServer, type Fault, type LateServerParts } from './late-server.ts'
import { createJumpingClock, createWire, silenceMs } from './late-world.ts'

interface World {
  clock: Clock
  exchange: (request: SignedRequest) => Promise<ApiResponse>
}

const world = vi.hoisted<World>(() => ({
  clock: { now: () => 0, wall: () => 0, sleep: () => Promise.resolve() },
  exchange: () => Promise.reject(new Error('no world')),
}))
vi.mock('../../src/http/clock.ts', async (load) => ({
  ...(await load<object>()),
  systemClock: {
    now: () => world.clock.now(),
    wall: () => world.clock.wall(),
    sleep: (ms: number, signal?: AbortSignal) => world.clock.sleep(ms, signal),
  },
}))
vi.mock('../../src/http/transport.ts', () => ({
  createTransport: ({ onRequest }: { readonly onRequest: () => void }) => ({
    exchange(request: SignedRequest) {
      onRequest()
      return world.exchange(request)
    },
    close: () => Promise.resolve(),
  }),
}))
const { bulkUpdate, rollback } = await import('../../src/index.ts')

const longestMs = 24 * 3_600_000
const [from = 1, to = 12] = (process.env['RAPYD_BULK_LATE'] ?? '').split('-').filter(Boolean).map(Number)

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-late-'))
  vi.spyOn(Date, 'now').mockImplementation(() => world.clock.wall())
  vi.spyOn(performance, 'now').mockImplementation(() => world.clock.now())
  vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => BigInt(Math.round(world.clock.now() * 1e6)))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

/** A server, and a file for runs at it. `session` runs until the end, or is stopped so long after its first request. */
function createTrial(
  dice: Dice,
  rows: readonly LateRow[],
  faultOf: LateServerParts['faultOf'],
  more: Partial<Omit<BulkUpdateOptions, 'input'>> = {},
) {
  const clock = createJumpingClock()
  const server = createLateServer({ now: clock.now, faultOf, silenceMs })
  const wire = createWire(server, clock, dice)
  world.clock = clock
  const place = mkdtempSync(join(folder, 'trial-'))
  const options = {
    input: join(place, 'crm.ndjson'),
    baseUrl: 'http://127.0.0.1:9',
    accessKey: 'access',
    secretKey: 'secret',
    rate: 'none',
    maxErrors: '100%',
    runsDir: join(place, 'runs'),
    store: join(place, 'store.db'),
    logLevel: 'silent' as const,
    ...more,
  }
  writeFileSync(options.input, textOf(rows))
  const session = async (
    stopAfterMs?: number,
    send: (given: typeof options & { readonly signal: AbortSignal }) => Promise<UpdateResult> = bulkUpdate,
  ) => {
    const stopping = new AbortController()
    let isBegun = false
    world.exchange = (request) => {
      // Before its first request a run has nothing to wait for, so time would jump to the stop.
      if (!isBegun && stopAfterMs !== undefined)
        void clock.sleep(stopAfterMs, stopping.signal).then(() => stopping.abort('SIGINT'))
      isBegun = true
      return wire(request)
    }
    const run = send({ ...options, signal: stopping.signal })
    const { isFinished, directory } = await clock.drive(run, longestMs)
    stopping.abort()
    const results: Record<string, string>[] = parse(readFileSync(join(directory, 'results.csv')), {
      columns: true,
    })
    const ended = results.map((of) => ({
      row: Number(of['row']),
      outcome: of['outcome'] ?? '',
      code: of['error_code'] ?? '',
    }))
    return { isFinished, ended }
  }
  /** Sends another file. */
  const sendFile = async (name: string, others: readonly LateRow[], given: object = {}) => {
    const input = join(place, name)
    writeFileSync(input, textOf(others))
    return session(undefined, (usual) => bulkUpdate({ ...usual, input, ...given }))
  }
  return { clock, server, session, sendFile }
}

async function play(seed: number): Promise<string[]> {
  const dice = createDice(seed)
  const type = rowTypes[seed % rowTypes.length] ?? 'plain'
  const rows = planRows(dice.roll(2, 12), dice.roll(1, 2), type, dice.chance(0.5))
  const { clock, server, session, sendFile } = createTrial(dice, rows, planFaults(dice), {
    rate: dice.chance(0.5) ? 'none' : '200/1m,1000/5m',
    metadataKeys: dice.chance(0.5) ? 'all' : 'own',
    backup: dice.chance(0.3),
  })
  for (let stops = dice.roll(0, 3); ; stops--) {
    const { isFinished, ended } = await session(stops > 0 ? dice.roll(10, 200_000) : undefined)
    // Whether it has ended or not, another file follows at once: its rows come last.
    if (dice.chance(isFinished ? 0.5 : 0.2)) {
      const later = rows.map((row) => ({ ...row, row: row.row + rows.length }))
      const next = await sendFile('next.ndjson', later, { onlyChanged: dice.chance(0.5) })
      clock.pass(120_000)
      server.arrive()
      return judgeLate([...rows, ...later], server, [...ended, ...next.ended.map(moved(rows.length))])
    }
    clock.pass(isFinished ? 120_000 : dice.chance(0.5) ? 0 : dice.roll(0, 100_000))
    server.arrive()
    if (isFinished) return judgeLate(rows, server, ended)
  }
}

const moved =
  (rows: number) =>
  ({ row, outcome }: Ended): Ended => ({ row: row + rows, outcome })

it(
  'nothing is applied twice or in another order, and no row is called something else than what became of it',
  async () => {
    const found: string[] = []
    for (let seed = from; seed <= to; seed++)
      for (const wrong of await play(seed)) found.push(`RAPYD_BULK_LATE=${seed}-${seed}: ${wrong}`)
    expect(found).toEqual([])
  },
  180_000 + (to - from) * 10_000,
)

const lost: Fault = { kind: 'gateway_504', lateMs: Number.POSITIVE_INFINITY }
const firstCustomer = customerOf(1)

it('other customers go on while one waits that has more rows than may be taken up', async () => {
  const first = planRows(1, 300, 'plain', true)
  const others = planRows(21, 1, 'plain', true).slice(1)
  const rows = [...first, ...others.map((row, index) => ({ ...row, row: first.length + 1 + index }))]
  const { server, session } = createTrial(createDice(1), rows, (customerId, attempt) =>
    customerId === firstCustomer && attempt === 1 ? lost : undefined,
  )
  const { ended } = await session()
  expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(['updated']))
  const sent = server.updates.filter(({ customerId }) => customerId !== firstCustomer)
  expect(sent).toHaveLength(others.length)
  expect(Math.max(...sent.map(({ at }) => at))).toBeLessThan(10_000)
})

it('a stop does not wait, and the next start waits out only what is left of the settle time', async () => {
  const { server, session } = createTrial(
    createDice(1),
    planRows(2, 2, 'plain', true),
    (customerId, attempt) => (customerId === firstCustomer && attempt === 1 ? lost : undefined),
  )
  const stopped = await session(80_000)
  expect(stopped.isFinished).toBe(false)
  expect(stopped.ended.slice(0, 2).map(({ outcome, code }) => `${outcome} ${code}`)).toEqual([
    'unknown E_IN_DOUBT',
    'not_attempted E_STOPPED',
  ])
  expect(await session()).toMatchObject({ isFinished: true })
  const [first = 0, second = 0] = server.updates
    .filter(({ customerId }) => customerId === firstCustomer)
    .map(({ at }) => at)
  expect(second - first).toBeGreaterThanOrEqual(90_000)
  expect(second - first).toBeLessThan(92_000)
})

/** Rows of other files have other numbers, by which their values are told apart. */
function laterRow(type: RowType, row = 100): LateRow {
  return { row, customerId: firstCustomer, type }
}

describe('a request that another run has lost', () => {
  const late: Fault = { kind: 'gateway_504', lateMs: 40_000 }

  it.each([
    ['plain', {}, 90_000],
    ['plain', { onlyChanged: true }, 90_000],
    ['addresses', {}, 300_000],
    ['addresses', { onlyChanged: true }, 300_000],
  ] as const)(
    'is waited for by another file, from its last attempt on (%s, %j)',
    async (type, given, settleMs) => {
      const faults = [lost, late]
      const { server, session, sendFile } = createTrial(
        createDice(1),
        planRows(1, 1, type, true),
        (_, attempt) => faults[attempt - 1],
      )
      // The second attempt comes when the first is settled.
      await session(settleMs + 5_000)
      const { ended } = await sendFile('next.ndjson', [laterRow(type)], given)
      expect(ended).toMatchObject([{ outcome: 'updated' }])
      expect(server.applied.map(markOf)).toEqual([1, 100])
      const [, second = 0, third = 0] = server.updates.map(({ at }) => at)
      expect(third - second).toBeGreaterThanOrEqual(settleMs)
      expect(third - second).toBeLessThan(settleMs + 10_000)
    },
  )

  it.each([{}, { onlyChanged: true }])(
    'is waited for by another file if its row was settled early (%j)',
    async (given) => {
      const { server, session, sendFile } = createTrial(
        createDice(1),
        planRows(1, 1, 'plain', true),
        (_, attempt) => (attempt === 2 ? late : undefined),
        { onlyChanged: false },
      )
      await session()
      // The customer holds the value already, so the second run is over before its request arrives.
      await session(undefined, (usual) => bulkUpdate({ ...usual, newRun: true }))
      const { ended } = await sendFile('next.ndjson', [laterRow('plain')], given)
      expect(ended).toMatchObject([{ outcome: 'updated' }])
      expect(server.applied.map(markOf)).toEqual([1, 1, 100])
      const [, second = 0, third = 0] = server.updates.map(({ at }) => at)
      expect(third - second).toBeGreaterThanOrEqual(90_000)
      expect(third - second).toBeLessThan(92_000)
    },
  )

  it('holds up no other customers of the next file', async () => {
    const { server, session, sendFile } = createTrial(
      createDice(1),
      planRows(1, 1, 'plain', true),
      (customerId, attempt) => (customerId === firstCustomer && attempt === 1 ? late : undefined),
    )
    await session(10_000)
    const others = planRows(400, 1, 'plain', true).map((row) => Object.assign(row, { row: row.row + 100 }))
    const begun = server.updates.length
    await sendFile('next.ndjson', others)
    const sent = server.updates.slice(begun).filter(({ customerId }) => customerId !== firstCustomer)
    expect(sent).toHaveLength(399)
    expect(Math.max(...sent.map(({ at }) => at))).toBeLessThan(20_000)
    expect(server.applied.slice(-2).map(markOf)).toEqual([1, 101])
  })

  it('is waited for by a rollback, which then finds what it has written', async () => {
    const faults = [lost, late]
    const { server, session } = createTrial(
      createDice(1),
      planRows(1, 1, 'plain', true),
      (_, attempt) => faults[attempt - 1],
      { backup: true, runId: 'first' },
    )
    await session(95_000)
    await session(undefined, async ({ signal, store, runsDir, baseUrl, accessKey, secretKey }) => {
      const found = await rollback({ run: 'first', signal, store, runsDir, baseUrl, accessKey, secretKey })
      if ('nothingLeft' in found) throw new Error('nothing to roll back')
      return found
    })
    server.arrive()
    expect(server.applied.map(markOf)).toEqual([1, 0, 0])
    expect(server.customer(firstCustomer)).toMatchObject({ name: '' })
  })
})

it('at most three attempts of a row end in doubt, also if the run is stopped in between', async () => {
  const { server, session } = createTrial(createDice(1), planRows(1, 1, 'plain', true), () => lost)
  await session(95_000)
  expect(server.updates).toHaveLength(2)
  expect(await session()).toMatchObject({ isFinished: true, ended: [{ outcome: 'unknown' }] })
  expect(server.updates).toHaveLength(3)
})

it('waits for the settle time do not count for the 15 minutes after which a reading proves nothing', async () => {
  const { server, session, clock } = createTrial(
    createDice(1),
    planRows(1, 1, 'addresses', true),
    (_, attempt) => (attempt < 3 ? lost : undefined),
  )
  await session(305_000)
  expect(server.updates).toHaveLength(2)
  // The first attempt is 24 minutes old then, and the last one has been settled for 14.
  clock.pass(19 * 60_000)
  expect(await session()).toMatchObject({ isFinished: true, ended: [{ outcome: 'updated' }] })
  expect(server.applied).toHaveLength(1)
})

it('429s by chance make no row rejected, and a run that they have slowed down says so', async () => {
  const slowed: number[] = []
  const dice = createDice(2)
  const limited: Fault = { kind: 'limit_429', lateMs: Number.POSITIVE_INFINITY }
  const { session } = createTrial(
    dice,
    planRows(60, 1, 'plain', true),
    () => (dice.chance(0.5) ? limited : undefined),
    {
      onEvent: (event) => void (event.kind === 'slowed' && slowed.push(event.perSecond)),
      maxOutageMs: longestMs,
    },
  )
  const { ended } = await session()
  expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(['updated']))
  // Only half of it, or less, is worth another line.
  expect(slowed[0]).toBeLessThanOrEqual(0.5)
  expect(slowed.every((rate, at) => at === 0 || rate <= (slowed[at - 1] ?? 0) / 2)).toBe(true)
})
