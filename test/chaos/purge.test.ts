/** A purge of a large run beside a run that sends: both go on. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withoutCall } from '../../src/model/row.ts'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { createJob } from './job.ts'
import { createWorkplace, startSession, type Session, type Workplace } from './session.ts'
import { judgeAt } from './truth.ts'

const rowsOfOld = 100_000
/** Rows that one transaction of a purge deletes: `store.md`. */
const rowsOfBatch = 1_000
const job = createJob(5, 400)
let simulator: Simulator
let place: Workplace
let sessions: Session[]

beforeEach(async () => {
  sessions = []
  place = createWorkplace('job.ndjson', job.text)
  simulator = await createSimulator({ windows: [], latencyMs: 30, idempotency: 'off' })
})
afterEach(async () => {
  for (const session of sessions) session.signal('SIGKILL')
  await Promise.all(sessions.map(({ ended }) => ended))
  await simulator.close()
  place.remove()
})

function start(...args: readonly string[]): Session {
  const session = startSession(place.path, args, {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  })
  sessions.push(session)
  return session
}

/** A finished run that nobody has touched for long. */
async function fillOldRun(): Promise<void> {
  const store = await openSqliteStore(place.store)
  const run = await store.openRun(
    {
      id: 'old',
      kind: 'update',
      parentId: undefined,
      host: 'old.example',
      account: 'old',
      directory: join(place.path, 'rapyd-runs', 'old'),
      facts: {},
    },
    { fieldsOf: undefined, group: 5_000, settleMs: 1_000, rows: rowsOfOld },
  )
  const written: Promise<void>[] = []
  for (let row = 1; row <= rowsOfOld; row++) {
    const at = { row, line: row + 1, offset: row * 60, length: 60 }
    const message = 'a row of a run that is not needed any more'
    written.push(run.recordOutcome(withoutCall(at, `cus_${row}`, 'updated', { message })))
  }
  await Promise.all(written)
  await run.finish()
  await run.close()
  await store.close()
  const db = new DatabaseSync(place.store)
  db.exec("UPDATE run_progress SET changed_at = 1 WHERE run = (SELECT number FROM run WHERE id = 'old')")
  db.close()
}

/** What can be seen of the store from outside while `process` runs, in the middle of the old run. */
async function watch(
  process: Session,
): Promise<{ readonly steps: ReadonlySet<number>; readonly sent: number }> {
  const db = new DatabaseSync(place.store, { readOnly: true })
  try {
    const left = db.prepare(
      "SELECT count(*) AS rows FROM outcome WHERE run = (SELECT number FROM run WHERE id = 'old')",
    )
    const steps = new Set<number>()
    let sent = 0
    let sentAtFirst: number | undefined
    while (process.running) {
      const rows = Number(left.get()?.['rows'])
      if (rows > 0 && rows < rowsOfOld) {
        steps.add(rows)
        sentAtFirst ??= simulator.appliedCount
        sent = simulator.appliedCount - sentAtFirst
      }
      await sleep(2)
    }
    return { steps, sent }
  } finally {
    db.close()
  }
}

it('keeps a run that sends going: a small part of the old run is deleted at a time', async () => {
  await fillOldRun()
  const update = start(
    'update',
    'job.ndjson',
    '--rate',
    'none',
    '--concurrency',
    '4',
    '--run-id',
    'new',
    '--quiet',
  )
  while (simulator.appliedCount < 10) await sleep(1)
  const purge = start('runs', '--purge', '--older-than', '1d', '--yes')
  const { steps, sent } = await watch(purge)
  expect(await purge.ended).toMatchObject({ code: 0, stderr: '' })
  expect(update.running).toBe(true)
  expect([...steps].filter((rows) => rows % rowsOfBatch !== 0)).toEqual([])
  expect(steps.size).toBeGreaterThan(10)
  expect(sent).toBeGreaterThan(5)
  const end = await update.ended
  expect([end.code, end.stderr]).toEqual([1, expect.not.stringContaining('[E_')])
  expect(judgeAt(simulator, job, place.results()).violations).toEqual([])
  const store = await openSqliteStore(place.store)
  expect((await store.runs()).map(({ stored }) => stored.id)).toEqual(['new'])
  expect(await store.check(false)).toEqual([])
  await store.close()
})
