/** What commands that read many customers share: signals that end them, and a line now and then. */
import { formatCount } from '../report/format.ts'
import type { ReadingProgress } from '../engine/reading-client.ts'
import { drainOnSignals } from './shutdown.ts'

export type OnReading = (known: number, wanted: number, progress: Readonly<ReadingProgress>) => void

const everyMs = 10_000

/** `quiet` says nothing while it reads. */
export async function reading<Result>(
  quiet: boolean,
  read: (onProgress: OnReading, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  let saidAt = performance.now()
  const { signal, release } = drainOnSignals()
  try {
    return await read((known, wanted, { requests }) => {
      if (quiet || performance.now() - saidAt < everyMs) return
      saidAt = performance.now()
      process.stderr.write(
        `read ${formatCount(known)} of ${formatCount(wanted)} customers with ${formatCount(requests)} requests\n`,
      )
    }, signal)
  } finally {
    release()
  }
}
