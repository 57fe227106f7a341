/** Lanes D and E, a sample: `npm run test:syscalls` strikes every call. */
import { describe, expect, it } from 'vitest'
import { whyNotHere } from './strace.ts'
import { strike } from './strike.ts'
import { errors, kills, reportErrors, sample, titleOf } from './sweep.ts'
import { wrongs } from './verdict.ts'

const why = whyNotHere()
const seed = Number(process.env['RAPYD_BULK_SEED'] ?? 1)

/** Three at a time: a run that goes on waits for what may be under way. */
async function strikeAll(all: Awaited<ReturnType<typeof kills>>): Promise<string[]> {
  const open = sample(all, 6, seed)
  const found: string[] = []
  async function work(): Promise<void> {
    for (let plan = open.shift(); plan !== undefined; plan = open.shift())
      for (const wrong of wrongs(plan, await strike(plan))) found.push(`${titleOf(plan)}: ${wrong}`)
  }
  await Promise.all([work(), work(), work()])
  return found
}

describe.skipIf(why !== '')(
  `a run that is struck at a system call (seed ${seed})${why && `: ${why}`}`,
  () => {
    it('by SIGKILL loses no row and applies none twice', async () => {
      expect(await strikeAll(await kills(seed))).toEqual([])
    }, 300_000)

    it('by an error of the disk says what to do, sends nothing more, and goes on later', async () => {
      expect(await strikeAll(await errors(seed))).toEqual([])
    }, 300_000)

    it('by an error at its reports keeps what was answered, and makes all files later', async () => {
      expect(await strikeAll(await reportErrors(seed))).toEqual([])
    }, 300_000)
  },
)
