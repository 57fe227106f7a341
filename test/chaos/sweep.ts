/** Which points lanes D and E strike: every call of a run, or a few that a seed spreads over it. */
import { createDice } from './dice.ts'
import { createJob } from './job.ts'
import { everyFile, points, reportFiles, rowsOfRun, storeFiles, type Strike } from './strike.ts'
import { syscalls, type Syscall } from './strace.ts'

/** Which calls can fail how, on which files. */
const failures: readonly (readonly [Syscall, readonly string[]])[] = [
  ['pwrite64', ['EIO', 'ENOSPC']],
  ['fsync', ['EIO', 'ENOSPC']],
  ['fdatasync', ['EIO']],
  ['ftruncate', ['EIO']],
  ['openat', ['EIO', 'ENOSPC', 'EROFS']],
]

/** Lane D: the process is killed at the n-th call of each kind. */
export async function kills(seed: number): Promise<Strike[]> {
  const strikes: Strike[] = []
  const [anywhere, onFiles] = [await points(seed), await points(seed, everyFile)]
  for (const syscall of syscalls) {
    const files = syscall === 'openat' ? everyFile : []
    const count = (syscall === 'openat' ? onFiles : anywhere)(syscall)
    for (let nth = 1; nth <= count; nth++)
      strikes.push({
        seed,
        syscall,
        what: 'signal=SIGKILL',
        when: String(nth),
        files,
        idempotency: modeOf(nth),
      })
  }
  return strikes
}

/** The same for what is made from the store. */
const reportFailures: typeof failures = [
  ['openat', ['EIO', 'ENOSPC', 'EROFS']],
  ['write', ['EIO', 'ENOSPC']],
  ['fsync', ['EIO']],
  ['rename', ['EIO', 'ENOSPC']],
]

/** Lane E: the n-th call fails, alone or with all that follow. */
export function errors(seed: number): Promise<Strike[]> {
  return failuresOf(seed, failures, storeFiles)
}

/** Lane E at the reports: by turns `report` and the same command have to make them whole again. */
export async function reportErrors(seed: number): Promise<Strike[]> {
  const strikes = await failuresOf(withErrorsFile(seed), reportFailures, reportFiles)
  return strikes.map((strike, at) => Object.assign(strike, at % 2 === 0 ? { again: 'report' } : {}))
}

/** The first seed from this one on whose run has a row for `errors`. */
function withErrorsFile(seed: number): number {
  const hasOne = createJob(seed, rowsOfRun).rows.some(({ kind }) => kind === 'invalid')
  return hasOne ? seed : withErrorsFile(seed + 1)
}

async function failuresOf(seed: number, table: typeof failures, files: readonly string[]): Promise<Strike[]> {
  const strikes: Strike[] = []
  const pointsOf = await points(seed, files)
  for (const [syscall, codes] of table) {
    const count = pointsOf(syscall)
    for (let nth = 1; nth <= count; nth++)
      for (const code of codes)
        for (const when of [String(nth), `${nth}+`])
          strikes.push({ seed, syscall, what: `error=${code}`, when, files, idempotency: modeOf(nth) })
  }
  return strikes
}

/** So many of them, spread over all. */
export function sample(strikes: readonly Strike[], count: number, seed: number): Strike[] {
  const dice = createDice(seed)
  const step = strikes.length / count
  return Array.from(
    { length: Math.min(count, strikes.length) },
    (_, at) => strikes[Math.floor(at * step) + dice.roll(0, Math.max(0, Math.floor(step) - 1))],
  ).filter((chosen) => chosen !== undefined)
}

export function titleOf({ syscall, what, when, idempotency }: Strike): string {
  return `${what} at ${syscall} ${when} (idempotency ${idempotency})`
}

function modeOf(nth: number): Strike['idempotency'] {
  return nth % 2 === 0 ? 'off' : 'all-post'
}
