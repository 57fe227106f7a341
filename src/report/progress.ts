/** Shows how a run goes: one calm block on a terminal, a log line now and then elsewhere. Never on standard output. */
import type { createLogUpdate } from 'log-update'
import type { Clock } from '../model/ports.ts'
import { renderProgress, renderProgressLine } from './render-progress.ts'
import type { ProgressSnapshot } from './render-progress.ts'

export interface ProgressOptions {
  /** Standard error. Its width is read again for every drawing; 80 where it has none. */
  readonly stream: NodeJS.WritableStream & { readonly columns?: number }
  /** What draws a block on a terminal; nothing elsewhere. Given by the caller, who loads it only where it is wanted. */
  readonly draw: typeof createLogUpdate | undefined
  readonly color: boolean
  /** Where lines go when nobody watches. */
  readonly log: (line: string) => void
  readonly clock: Pick<Clock, 'now' | 'wall'>
}

export interface Progress {
  /** Cheap: may be called for every row. Draws at most five times a second, logs at most every ten seconds. */
  update(snapshot: ProgressSnapshot): void
  /** Takes the block off the screen until the next update, so that something else can be written there. */
  clear(): void
  /** Takes the block off the screen: the summary says the rest. Later updates do nothing. */
  stop(): void
}

const drawEveryMs = 200
const logEveryMs = 10_000

export function createProgress(options: ProgressOptions): Progress {
  return options.draw === undefined ? createLines(options) : createBlock(options, options.draw)
}

function createBlock({ stream, color, clock }: ProgressOptions, draw: typeof createLogUpdate): Progress {
  // The cursor stays: hiding it would need signal handlers beside the program's own, and kill -9 would leave it hidden
  const block = draw(stream, { showCursor: true })
  let drawnAt = -Infinity
  let phase = ''
  let isOn = true

  /** A terminal that is gone must not end the run. The listener stays for writes that are still under way. */
  function turnOff(): void {
    isOn = false
  }

  stream.on('error', turnOff)
  return {
    update(snapshot) {
      const now = clock.now()
      if (!isOn || (now - drawnAt < drawEveryMs && snapshot.phase === phase)) return
      drawnAt = now
      ;({ phase } = snapshot)
      const columns = stream.columns ?? 80
      block(renderProgress(snapshot, { columns, color, wall: clock.wall() }).join('\n'))
    },
    clear() {
      if (isOn) block.clear()
    },
    stop() {
      if (!isOn) return
      isOn = false
      block.clear()
    },
  }
}

function createLines({ log, clock }: ProgressOptions): Progress {
  // Counted from the start, so that a run of seconds logs no progress at all
  let loggedAt = clock.now()
  let isOn = true
  return {
    update(snapshot) {
      const now = clock.now()
      if (!isOn || now - loggedAt < logEveryMs) return
      loggedAt = now
      log(renderProgressLine(snapshot, clock.wall()))
    },
    clear() {},
    stop() {
      isOn = false
    },
  }
}
