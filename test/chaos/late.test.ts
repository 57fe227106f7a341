/**
 * Whole runs, with the real engine and store, at a server that applies updates up to a minute after a lost answer. Time is
 * virtual. `RAPYD_BULK_LATE=1-500` plays these seeds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ApiResponse, Clock, SignedRequest } from '../../src/model/ports.ts'
import { createDice } from './dice.ts'
import { judgeLate, planFaults, planRows, rowTypes, textOf } from './late-judge.ts'
import { createLateServer } from './late-server.ts'
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
const { bulkUpdate } = await import('../../src/index.ts')

const longestMs = 24 * 3_600_000
const [from = 1, to = 16] = (process.env['RAPYD_BULK_LATE'] ?? '').split('-').filter(Boolean).map(Number)

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

async function play(seed: number): Promise<string[]> {
  const dice = createDice(seed)
  const clock = createJumpingClock()
  const rows = planRows(
    dice.roll(2, 12),
    dice.roll(1, 2),
    rowTypes[seed % rowTypes.length] ?? 'plain',
    dice.chance(0.5),
  )
  const server = createLateServer({ now: clock.now, faultOf: planFaults(dice), silenceMs })
  world.clock = clock
  const wire = createWire(server, clock, dice)
  const options = {
    input: join(folder, `${seed}.ndjson`),
    baseUrl: 'http://127.0.0.1:9',
    accessKey: 'access',
    secretKey: 'secret',
    rate: dice.chance(0.5) ? 'none' : '200/1m,1000/5m',
    maxErrors: '100%',
    runsDir: join(folder, `runs-${seed}`),
    store: join(folder, `${seed}.db`),
    logLevel: 'silent' as const,
    metadataKeys: dice.chance(0.5) ? ('all' as const) : ('own' as const),
    backup: dice.chance(0.3),
  }
  writeFileSync(options.input, textOf(rows))
  for (let stops = dice.roll(0, 3); ; stops--) {
    const stopping = new AbortController()
    const stopAfterMs = stops > 0 ? dice.roll(10, 200_000) : undefined
    let isBegun = false
    world.exchange = (request) => {
      // Before its first request a run has nothing to wait for, so time would jump to the stop.
      if (!isBegun && stopAfterMs !== undefined)
        void clock.sleep(stopAfterMs, stopping.signal).then(() => stopping.abort('SIGINT'))
      isBegun = true
      return wire(request)
    }
    const { isFinished, directory } = await clock.drive(
      bulkUpdate({ ...options, signal: stopping.signal }),
      longestMs,
    )
    if (isFinished) {
      stopping.abort()
      clock.pass(120_000)
      server.arrive()
      const [header = '', ...lines] = readFileSync(join(directory, 'results.csv'), 'utf8').trim().split('\n')
      const [rowAt, outcomeAt] = ['row', 'outcome'].map((name) => header.split(',').indexOf(name))
      const ended = lines.map((line) => {
        const cells = line.split(',')
        return { row: Number(cells[rowAt ?? 0]), outcome: cells[outcomeAt ?? 0] ?? '' }
      })
      return judgeLate(rows, server, ended)
    }
    clock.pass(dice.chance(0.5) ? 0 : dice.roll(0, 100_000))
  }
}

it('nothing is applied twice or in another order, and no row is called something else than what became of it', async () => {
  const found: string[] = []
  for (let seed = from; seed <= to; seed++)
    for (const wrong of await play(seed)) found.push(`RAPYD_BULK_LATE=${seed}-${seed}: ${wrong}`)
  expect(found).toEqual([])
})
