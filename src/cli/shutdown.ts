/** Signals: the first drains the run, the second ends the process and leaves what is in flight in doubt. */
import { exitCodes } from '../model/errors.ts'

/** A closed terminal does not end a run. */
function onHangup(): void {}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** `say` writes a line to standard error, beside whatever else is on the screen. */
export function drainOnSignals(say: (line: string) => void = writeLine): {
  readonly signal: AbortSignal
  readonly release: () => void
} {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      say(
        'Ended at once. Run the same command again: it goes on where it stopped, and looks first at what was in flight.',
      )
      process.exit(name === 'SIGTERM' ? exitCodes.SIGTERM : exitCodes.SIGINT)
    }
    say('Stopping: what is in flight ends first. A second signal ends at once.')
    controller.abort(name)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangup)
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onHangup)
    },
  }
}
