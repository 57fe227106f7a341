/**
 * Lane C: one job, killed at random moments and started again with the same command until it ends by itself. The
 * seed fixes the file, the faults and the plan of kills; the scheduler adds what no seed can fix.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { createDice, type Dice } from './dice.ts'
import { createJob } from './job.ts'
import { createWorkplace, startSession, type Ended, type Session } from './session.ts'
import { judgeAt, type Verdict } from './truth.ts'

export interface CrashPlan {
  readonly seed: number
  readonly rows: number
  /** At most: a run that has ended cannot be killed any more. */
  readonly kills: number
}

export interface CrashResult extends Verdict {
  readonly kills: number
  readonly applied: number
  readonly readBack: number
}

const faults = 'reset-after:2%,reset-before:2%'
/** Sessions that may end without finishing, behind the last kill. */
const mostSessions = 3

/** Odd seeds with idempotency, even ones without; every other pair of seeds with windows. */
export async function crash({ seed, rows, kills }: CrashPlan): Promise<CrashResult> {
  const dice = createDice(seed ^ 0x5eed)
  const job = createJob(seed, rows)
  const idempotency = seed % 2 === 0 ? 'off' : 'all-post'
  const simulator = await createSimulator({ windows: [], faults, seed, idempotency, latencyMs: 3 })
  const place = createWorkplace('job.ndjson', job.text)
  const rate = (seed >> 1) % 2 === 0 ? 'none' : '100000/1s'
  const start = (): Session =>
    startSession(place.path, ['update', 'job.ndjson', '--rate', rate, '--concurrency', '4', '--quiet'], {
      RAPYD_BASE_URL: simulator.url,
      RAPYD_ACCESS_KEY: simulator.accessKey,
      RAPYD_SECRET_KEY: simulator.secretKey,
    })
  let session: Session | undefined
  try {
    let done = 0
    let end: Ended | undefined
    while (done < kills && end === undefined) {
      session = start()
      await moment({ dice, session, simulator, good: job.good, left: kills - done })
      session.signal('SIGKILL')
      const ended = await session.ended
      if (ended.signal === 'SIGKILL') done++
      else end = ended
    }
    for (let sessions = 0; sessions < mostSessions && !hasFinished(end); sessions++) {
      session = start()
      end = await session.ended
    }
    const verdict = judgeAt(simulator, job, hasFinished(end) ? place.results() : [])
    const unfinished = hasFinished(end) ? [] : [`it did not end: ${end?.code ?? end?.signal} ${end?.stderr}`]
    return {
      ...verdict,
      violations: [...unfinished, ...verdict.violations],
      kills: done,
      applied: simulator.appliedCount,
      readBack: simulator.calls.filter(({ method, customerId }) => method === 'GET' && customerId !== '')
        .length,
    }
  } finally {
    session?.signal('SIGKILL')
    await session?.ended
    await simulator.close()
    place.remove()
  }
}

/** Every row updated, or some of them invalid. */
function hasFinished(end: Ended | undefined): boolean {
  return end?.code === 0 || end?.code === 1
}

interface Scene {
  readonly dice: Dice
  readonly session: Session
  readonly simulator: Simulator
  readonly good: number
  /** Kills that are still to come, this one among them. */
  readonly left: number
}

/** Waits for the moment of a kill: while the command starts, in the middle of its calls, or at its report. */
async function moment({ dice, session, simulator, good, left }: Scene): Promise<void> {
  const early = dice.chance(0.1)
  const atReport = left === 1 && dice.chance(0.7)
  const open = good - simulator.appliedCount
  const target = atReport ? good : simulator.appliedCount + dice.roll(0, Math.ceil((1.6 * open) / left))
  const restMs = early ? dice.roll(0, 600) : dice.roll(0, atReport ? 80 : 8)
  const calls = simulator.callCount
  const isThere = (): boolean =>
    early || (simulator.callCount > calls && simulator.appliedCount >= Math.min(target, good))
  while (session.running && !isThere()) await sleep(1)
  await sleep(restMs)
}
