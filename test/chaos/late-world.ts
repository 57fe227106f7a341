/** The time and the wire of a whole run in this process. Time jumps from one wait to the next, whenever nothing else can happen. */
import { setImmediate } from 'node:timers/promises'
import { TransportError } from '../../src/http/errors.ts'
import type { ApiResponse, Clock, SignedRequest } from '../../src/model/ports.ts'
import type { Dice } from './dice.ts'
import type { LateServer } from './late-server.ts'

export const silenceMs = 20_000
const begunAt = 1_700_000_000_000
/** So often the event loop turns without work before time jumps. */
const turns = 6

/** True while files are read or written, or something is to run in the next turn. */
function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq') || kind === 'Immediate')
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function createJumpingClock() {
  let now = 0
  const sleepers = new Set<Sleeper>()

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const sleeper = { at: now + ms, wake }
      function wake(): void {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
      return undefined
    })
  }

  return {
    now: () => now,
    wall: () => begunAt + now,
    sleep,
    /** Time between sessions. */
    pass(ms: number): void {
      now += ms
    },
    /** Runs `work` to its end. Rejects if it takes longer than `longestMs` of this time. */
    async drive<Result>(work: Promise<Result>, longestMs: number): Promise<Result> {
      const until = now + longestMs
      const state = { isOver: false }
      const end = (): void => void (state.isOver = true)
      work.then(end, end)
      while (!state.isOver) {
        for (let turn = 0; turn < turns && !state.isOver; turn = isBusy() ? 0 : turn + 1) await setImmediate()
        const next = [...sleepers].sort((one, other) => one.at - other.at)[0]
        if (state.isOver || next === undefined) continue
        if (next.at > until) throw new Error(`it is not over after ${longestMs} ms`)
        now = Math.max(now, next.at)
        next.wake()
      }
      return work
    },
  }
}

/** Requests take a few milliseconds there and back. */
export function createWire(server: LateServer, clock: Clock, dice: Dice) {
  return async ({ method, path, body }: SignedRequest): Promise<ApiResponse> => {
    const begun = clock.now()
    await clock.sleep(dice.roll(1, 40))
    const reply = server.receive(method, path, body)
    if (reply === 'silence') {
      await clock.sleep(begun + silenceMs - clock.now())
      throw new TransportError('ambiguous', 'timeout')
    }
    await clock.sleep(dice.roll(1, 40))
    if (reply === 'reset') throw new TransportError('ambiguous', 'ECONNRESET')
    return { ...reply, headers: {}, tookMs: clock.now() - begun }
  }
}
