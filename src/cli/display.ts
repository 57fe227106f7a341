/** What `update` shows on standard error while it runs: progress, and a few lines beside it. */
import type { Clock } from '../model/ports.ts'
import { formatClock } from '../report/format.ts'
import { lateLine, planLine } from '../report/plan-line.ts'
import { createProgress } from '../report/progress.ts'
import type { ProgressOptions } from '../report/progress.ts'
import type { Watch } from '../engine/watch.ts'

export interface DisplayOptions {
  /** Standard error. */
  readonly stream: ProgressOptions['stream']
  /** What draws the block, where there is a screen for one. */
  readonly draw: ProgressOptions['draw']
  /** No progress and no notes. */
  readonly quiet: boolean
  readonly color: boolean
  /** Milliseconds since 1970. */
  readonly finishBy?: number | undefined
  readonly clock: Pick<Clock, 'now' | 'wall'>
}

export interface Display extends Required<Pick<Watch, 'onSnapshot' | 'onEvent'>> {
  /** Writes a line where the progress is not in its way, quiet or not. */
  readonly say: (line: string) => void
  /** Takes the progress away until the next snapshot, for a question. */
  clear(): void
  /** Takes the progress away for good. */
  stop(): void
}

export function createDisplay({ stream, draw, quiet, color, finishBy, clock }: DisplayOptions): Display {
  const writeLine = (line: string): void => void stream.write(`${line}\n`)
  const progress = quiet ? undefined : createProgress({ stream, draw, color, log: writeLine, clock })

  function say(line: string): void {
    progress?.clear()
    writeLine(line)
  }

  return {
    onSnapshot: (snapshot) => progress?.update(snapshot),
    onEvent(event) {
      if (event.kind === 'log_off') {
        say(
          `run.log cannot be written (${event.code}): the run goes on without it. Look at the run directory.`,
        )
      }
      if (event.kind === 'sending' && finishBy !== undefined) {
        const late = lateLine(event, finishBy, clock.wall())
        if (late !== undefined) say(late)
      }
      if (quiet) return
      if (event.kind === 'outage') {
        say(
          event.isDown
            ? `${formatClock(clock.wall(), clock.wall())}: Rapyd does not answer. Rows wait; a read asks again every few seconds.`
            : `${formatClock(clock.wall(), clock.wall())}: Rapyd answers again; the run goes on.`,
        )
      }
      if (event.kind !== 'sending') return
      const line = planLine(event, clock.wall())
      if (line !== undefined) say(line)
    },
    say,
    clear: () => progress?.clear(),
    stop: () => progress?.stop(),
  }
}
