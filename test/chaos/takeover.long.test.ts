/** Two processes on one run: one stands still for longer than its lease, and the other takes over. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { createJob } from './job.ts'
import { createWorkplace, startSession, type Session, type Workplace } from './session.ts'
import { judgeAt } from './truth.ts'

const job = createJob(11, 60)
let simulator: Simulator
let place: Workplace
let sessions: Session[]

beforeEach(async () => {
  sessions = []
  place = createWorkplace('job.ndjson', job.text)
  simulator = await createSimulator({ windows: [], latencyMs: 60, idempotency: 'off' })
})
afterEach(async () => {
  for (const session of sessions) session.signal('SIGKILL')
  await Promise.all(sessions.map(({ ended }) => ended))
  await simulator.close()
  place.remove()
})

function start(...more: readonly string[]): Session {
  const session = startSession(
    place.path,
    ['update', 'job.ndjson', '--run-id', 'night', '--concurrency', '2', '--quiet', ...more],
    {
      RAPYD_BASE_URL: simulator.url,
      RAPYD_ACCESS_KEY: simulator.accessKey,
      RAPYD_SECRET_KEY: simulator.secretKey,
    },
  )
  sessions.push(session)
  return session
}

async function until(isThere: () => boolean): Promise<void> {
  while (!isThere()) await sleep(1)
}

/** Makes the lease one of a minute ago. False if a process is inside a transaction. */
function expireLease(): boolean {
  const db = new DatabaseSync(place.store, { timeout: 0 })
  try {
    db.prepare("UPDATE run_progress SET lease_until = ? WHERE owner <> ''").run(Date.now() - 60_000)
    return true
  } catch {
    return false
  } finally {
    db.close()
  }
}

/** Stops a process in the middle of its calls, outside of a transaction, and lets its lease run out. */
async function standStill(session: Session, applied: number): Promise<void> {
  await until(() => simulator.appliedCount >= applied)
  session.signal('SIGSTOP')
  while (!expireLease()) {
    session.signal('SIGCONT')
    await sleep(1)
    session.signal('SIGSTOP')
  }
}

const filesOfRun = (): readonly string[] =>
  ['results.csv', 'summary.json', 'errors.ndjson'].map((name) =>
    readFileSync(join(place.runDirectory, name), 'utf8'),
  )

const updates = (): number => simulator.calls.filter(({ method }) => method === 'POST').length

function violations(): readonly string[] {
  return judgeAt(simulator, job, place.results()).violations
}

describe('a process that stands still for longer than its lease', () => {
  it.each([
    ['in the middle of its calls', 'none'],
    ['while it waits for a permit', '20/1s'],
  ])('%s loses the run: it sends and writes nothing more', async (_, rate) => {
    const first = start('--rate', rate)
    await standStill(first, 18)
    const second = start('--rate', 'none')
    const end = await second.ended
    expect([end.code, end.stderr]).toEqual([1, expect.not.stringContaining('[E_')])
    const before = updates()
    const files = filesOfRun()
    first.signal('SIGCONT')
    const { code, stderr } = await first.ended
    expect([code, stderr]).toEqual([7, expect.stringContaining('[E_TAKEN_OVER]')])
    // A reading that waits for its permit does no harm while the owner counts as confirmed.
    expect(updates()).toBe(before)
    expect(filesOfRun()).toEqual(files)
    expect(violations()).toEqual([])
  })

  it('wakes while the other one sends: only one of them does, and a third is refused', async () => {
    const first = start('--rate', 'none')
    await standStill(first, 10)
    const begun = simulator.callCount
    // Slow enough that the third one finds it at work.
    const second = start('--rate', '5/1s')
    await until(() => simulator.callCount > begun)
    const third = start('--rate', 'none')
    first.signal('SIGCONT')
    expect(await first.ended).toMatchObject({ code: 7, stderr: expect.stringContaining('[E_TAKEN_OVER]') })
    expect(await third.ended).toMatchObject({
      code: 7,
      stderr: expect.stringContaining(`held by process ${second.pid} `),
    })
    expect((await second.ended).code).toBe(1)
    expect(violations()).toEqual([])
  })

  it('keeps the run if nobody has taken it', async () => {
    const first = start('--rate', 'none')
    await standStill(first, 10)
    first.signal('SIGCONT')
    expect((await first.ended).code).toBe(1)
    expect(violations()).toEqual([])
  })
})
