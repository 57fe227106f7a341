/**
 * strace as an injector: a signal or an error at the n-th call of one kind on the files of a run. Threads are counted
 * each for itself; the store is written by the main thread.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The calls that change what is on disk, or could. */
export const syscalls = [
  'openat',
  'write',
  'pwrite64',
  'fdatasync',
  'fsync',
  'ftruncate',
  'rename',
  'unlink',
] as const
export type Syscall = (typeof syscalls)[number]

/** Why nothing can be injected here, or an empty text where it can. */
export function whyNotHere(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-strace-'))
  try {
    const probe = spawnSync('strace', [...common, '-o', join(folder, 'log'), 'true'], { timeout: 10_000 })
    if (probe.error !== undefined) return 'strace is not installed'
    return probe.status === 0 ? '' : 'ptrace is not permitted here'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const common = ['-f', '-qq', '-ttt', '-e', `trace=${syscalls.join()}`]

export interface Injection {
  readonly syscall: Syscall
  /** As strace takes it: `signal=SIGKILL` or `error=EIO`. */
  readonly what: string
  /** `3` for the third call, `3+` from the third on. */
  readonly when: string
}

/** In a path: the process that is traced, whose number stands in the names of its temporary files. */
export const tracedPid = '{pid}'

/**
 * What stands before the command. Writes what happened to `log`. The shell becomes the command (`-D` lets strace stand
 * beside it), so that its number is known before it starts.
 */
export function under(log: string, paths: readonly string[], injection?: Injection): readonly string[] {
  const watched = paths.flatMap((path) => ['-P', path])
  const injected =
    injection === undefined
      ? []
      : ['-e', `inject=${injection.syscall}:${injection.what}:when=${injection.when}`]
  const words = [...common, ...watched, ...injected, '-o', log].map((word) =>
    `"${word}"`.replaceAll(tracedPid, () => '$$'),
  )
  return ['sh', '-c', `exec strace -D ${words.join(' ')} "$@"`, 'sh']
}

export interface Traced {
  readonly pid: number
  /** Seconds since 1970 in the log, milliseconds here. */
  readonly at: number
  readonly syscall: string
  readonly injected: boolean
}

export function readTrace(log: string): Traced[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, pid, at, syscall] = /^(\d+)\s+(\d+\.\d+) (\w+)\(/.exec(line) ?? []
      if (pid === undefined || at === undefined || syscall === undefined) return []
      return [{ pid: Number(pid), at: Number(at) * 1000, syscall, injected: line.includes('(INJECTED)') }]
    })
}

/** How often the busiest thread made this call: so many points there are to strike. */
export function countPoints(traced: readonly Traced[], syscall: Syscall): number {
  const counts = new Map<number, number>()
  for (const { pid } of traced.filter((entry) => entry.syscall === syscall))
    counts.set(pid, (counts.get(pid) ?? 0) + 1)
  return Math.max(0, ...counts.values())
}
