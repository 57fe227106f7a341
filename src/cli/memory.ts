/**
 * Keeps V8 from taking memory only because it is there. By default it lets the space for new objects grow to three times
 * 32 MB and garbage to a multiple of what lives; a run needs neither, and a small machine may not have it.
 *
 * Start-up options would do the same, but a command that is installed has no say in how Node is started.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The space for new objects, in MB: it starts with two and doubles while much in it stays alive. */
const newSpaceMb = 16
/** How much the rest of the heap may grow before it is collected. */
const growthPercent = 60

/** Loading a command leaves garbage that is not worth a collection. */
const afterMs = 200

/** Call before memory is used: what has grown does not shrink. Does nothing on a V8 that does not know the flags. */
export function boundMemory(): void {
  setTimeout(bound, afterMs).unref()
}

function bound(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (space === undefined || space.space_size < newSpaceMb * 1024 * 1024) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}
