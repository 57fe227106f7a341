/** Lane K: many processes for one run, two runs side by side, and a holder that is stopped for a while. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { createJob, rowOf, type Job } from './job.ts'
import { createWorkplace, startSession, type Ended, type Session, type Workplace } from './session.ts'
import { judgeAt } from './truth.ts'

const racers = Number(process.env['RAPYD_BULK_RACERS'] ?? 12)

let simulator: Simulator
let place: Workplace
let sessions: Session[]
const job = createJob(7, 80)

beforeEach(async () => {
  sessions = []
  place = createWorkplace('job.ndjson', job.text)
  // As slow as the racers start, so that they meet; with keys, which must not make two runs one.
  simulator = await createSimulator({ windows: [], latencyMs: 5 * racers, idempotency: 'all-post' })
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
    [
      'update',
      'job.ndjson',
      '--concurrency',
      '2',
      '--quiet',
      ...(more.includes('--rate') ? more : ['--rate', 'none', ...more]),
    ],
    {
      RAPYD_BASE_URL: simulator.url,
      RAPYD_ACCESS_KEY: simulator.accessKey,
      RAPYD_SECRET_KEY: simulator.secretKey,
    },
  )
  sessions.push(session)
  return session
}

function expectTruth(of: Job): void {
  expect(judgeAt(simulator, of, place.results()).violations).toEqual([])
}

/** Resolves once this many rows were applied. */
function applied(count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (simulator.appliedCount >= count) resolve()
      else setTimeout(look, 1)
    }
    look()
  })
}

/** Stops a process between two transactions: one that stands still in a transaction keeps the whole store. */
async function stopOutsideTransaction(session: Session): Promise<void> {
  for (;;) {
    session.signal('SIGSTOP')
    using database = new DatabaseSync(place.store, { timeout: 0 })
    try {
      database.exec('BEGIN IMMEDIATE; ROLLBACK')
      return
    } catch {
      session.signal('SIGCONT')
      await sleep(1)
    }
  }
}

const wasBusy = ({ code, stderr }: Ended): boolean =>
  code === 7 && /held by (?:process \d+ since 2\d{3}-|another process)/.test(stderr)
const cameLate = ({ code, stderr }: Ended): boolean => code === 0 && stderr.includes('finished before')

describe('processes that want the same run at once', () => {
  it(`are refused but for one, of ${racers}, and every row is applied once`, async () => {
    const ends = await Promise.all(Array.from({ length: racers }, () => start().ended))
    const worked = ends.filter((end) => !wasBusy(end) && !cameLate(end))
    expect(worked.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual([expect.stringMatching(/^[01] /)])
    expectTruth(job)
  }, 120_000)
})

describe('two runs at once', () => {
  it('of the same file under two names both go through, and add nothing up while the other may have', async () => {
    const ends = await Promise.all(
      ['first', 'second'].map((run) => start('--run-id', run, '--allow-repeat').ended),
    )
    expect(ends.map(({ code }) => code)).toEqual([1, 1])
    const sent = simulator.calls.filter((call) => call.applied && !call.replayed)
    const times = Map.groupBy(sent, ({ body }) => rowOf(body))
    // What adds up is read first if the other run has it under way, and left out if the customer holds it.
    const wrong = job.rows.flatMap(({ row, kind, once }) => {
      const count = times.get(row)?.length ?? 0
      const isRight = kind !== 'good' ? count === 0 : count === 2 || (once && count === 1)
      return isRight ? [] : [`row ${row} was applied ${count} times`]
    })
    expect(wrong).toEqual([])
    for (const run of ['first', 'second']) {
      // The other run may have set a coupon between the removal of the discount and the rest of the row.
      const good = place
        .results(run)
        .filter(
          (row) =>
            row['outcome'] === 'updated' ||
            `${row['error_code']} ${row['not_taken']}` === 'E_NOT_CLEARED coupon',
        )
      expect(good).toHaveLength(job.good)
    }
  })
})

describe('a holder that is stopped', () => {
  it('keeps the run, and sends nothing stale when it wakes', async () => {
    const holder = start('--rate', '20/1s', '--metadata-keys', 'own')
    // The window is full then, and behind the answers of its last calls the next rows wait for their turns.
    await applied(17)
    await sleep(5 * racers + 100)
    await stopOutsideTransaction(holder)
    // Longer than a signature may be old here.
    const [second] = await Promise.all([start().ended, sleep(6_000)])
    expect(second).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(
        new RegExp(`process ${holder.pid} since 2[-\\d:.TZ]+; rows done: [12]\\d\\b`),
      ),
    })
    holder.signal('SIGCONT')
    expect((await holder.ended).code).toBe(1)
    expectTruth(job)
  })
})
