/**
 * The owner of a run: one process, by a lock that ends with it and by a lease in the store. A process that stands still for longer
 * than its lease can lose the run. Each owner has a number, the epoch, and every write confirms it.
 */
import { isLocked } from '../../config/file-lock.ts'
import type { BulkUpdateError } from '../../model/errors.ts'
import { longestAttemptMs } from '../../model/store.ts'
import { busyRun, errorOf } from '../errors.ts'
import { tryLock, type StoreDatabase } from '../own-database.ts'

export type Owner = Awaited<ReturnType<typeof takeRun>>

interface Moment {
  readonly wall: number
  readonly monotonic: number
}

const leaseMs = 60_000
const renewEveryMs = 15_000
/** A request may be sent this long after the owner was confirmed. Milliseconds. */
const freshMs = 5_000
/** The attempts of a dead owner are over this long after its last confirmation. Milliseconds. */
export const ownerGoneMs = freshMs + longestAttemptMs
/** With a shorter settle time (tests, the simulator) a dead owner's attempts count as ended at once. */
export const leastSettleMs = 30_000

function now(): Moment {
  return { wall: Date.now(), monotonic: performance.now() }
}

const extend = 'UPDATE run_progress SET renewed_at = ?, lease_until = ? WHERE run = ? AND epoch = ?'
const giveBack =
  "UPDATE run_progress SET owner = '', renewed_at = ?, lease_until = 0 WHERE run = ? AND epoch = ?"

/** Takes a run. Throws BUSY if another process has it. `settleMs` is the run's settle time. */
export async function takeRun(
  database: StoreDatabase,
  run: { readonly number: number; readonly id: string },
  settleMs: number,
) {
  const { path } = database
  const { number, id } = run
  let unlock: (() => void) | undefined
  let epoch = 0
  let earlierEndedAt = 0
  let confirmedAt: Moment = { wall: 0, monotonic: 0 }
  let isOurs = true

  function takeOver(): void {
    const found = database.first('SELECT * FROM run_progress WHERE run = ?', number)
    if (found === undefined) throw new Error('no progress')
    const numberIn = (column: string): number => Number(found[column])
    const [earlier, leaseUntil, renewedAt] = [
      numberIn('epoch'),
      numberIn('lease_until'),
      numberIn('renewed_at'),
    ]
    const busy = (owner: string): BulkUpdateError => busyRun(id, owner, numberIn('settled'))
    const { wall } = now()
    const isGivenBack = leaseUntil === 0
    if (!isGivenBack) {
      const free = tryLock(lockPath(path, number, earlier))
      if (free === undefined && leaseUntil > wall) throw busy(String(found['owner']))
      free?.()
    }
    epoch = earlier + 1
    unlock = tryLock(lockPath(path, number, epoch))
    if (unlock === undefined) throw busy('')
    const take = 'UPDATE run_progress SET epoch = ?, owner = ?, renewed_at = ?, lease_until = ? WHERE run = ?'
    const name = `process ${process.pid} since ${new Date(wall).toISOString()}`
    database.run(take, epoch, name, wall, wall + leaseMs, number)
    if (earlier === 0) return
    const ended = isGivenBack ? renewedAt : renewedAt + ownerGoneMs
    earlierEndedAt = !isGivenBack && settleMs < leastSettleMs ? wall : Math.min(ended, wall + ownerGoneMs)
  }

  confirmedAt = now()
  try {
    await database.write(takeOver, number)
  } catch (error) {
    // The transaction was rolled back after the lock was taken, or before.
    unlock?.()
    throw error
  }

  /** Inside each write transaction of the run. Throws E_TAKEN_OVER if another process has it. */
  function confirm(): void {
    const { wall } = now()
    if (isOurs && Number(database.run(extend, wall, wall + leaseMs, number, epoch).changes) === 1) return
    isOurs = false
    throw errorOf('E_TAKEN_OVER', 'taken_over', { id })
  }

  /** Confirms it in a transaction of its own. */
  async function renew(): Promise<void> {
    const began = now()
    await database.write(confirm)
    confirmedAt = began
  }

  const timer = setInterval(() => {
    if (now().monotonic - confirmedAt.monotonic < renewEveryMs / 2) return
    // A sender finds out that the owner is not fresh.
    renew().catch(() => {})
  }, renewEveryMs / 2)
  timer.unref()

  return {
    /** When the attempts of earlier owners count as ended, in milliseconds since 1970; 0 if there were none. */
    earlierEndedAt,
    /** True if the store has confirmed in the last seconds that the run is ours. */
    get isFresh(): boolean {
      const { wall, monotonic } = now()
      return isOurs && Math.max(wall - confirmedAt.wall, monotonic - confirmedAt.monotonic) <= freshMs
    },
    confirm,
    /** Call after a transaction that confirms, with the time before it. */
    confirmed(began: Moment): void {
      confirmedAt = began
    },
    now,
    renew,
    /** Gives the run back. `endedAt`: when its attempts ended, in milliseconds since 1970. */
    async release(endedAt = Date.now()): Promise<void> {
      clearInterval(timer)
      try {
        // Changes nothing if the run was deleted or taken over.
        await database.write(() => database.run(giveBack, endedAt, number, epoch))
      } catch {
        // With a full disk, the free lock shows that no process has the run.
      } finally {
        unlock?.()
      }
    },
  }
}

/** True if a living process has the run now. */
export function isOwned(path: string, run: number, epoch: number, leaseUntil: number): boolean {
  return leaseUntil > Date.now() && isLocked(lockPath(path, run, epoch))
}

/** One file for each owner: a process that takes over an expired lease must hold a lock of its own. */
function lockPath(path: string, run: number, epoch: number): string {
  return `${path}-run-${run}-${epoch}.lock`
}
