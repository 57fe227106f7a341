/** A file system of its own, small or read-only: what a full disk does can only be tried on one. Mounting takes root. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  /** `ro` or `rw`. */
  remount(options: string): void
  remove(): void
}

/** Nothing where it cannot be mounted, for a test to skip with `whyNot`. Whoever makes one removes it. */
export function makeSmallDisk(kilobytes: number): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const path = mkdtempSync(join(tmpdir(), 'disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path])
  if (status !== 0) {
    rmdirSync(path)
    return undefined
  }
  return {
    path,
    remount: (options) => void spawnSync('mount', ['-o', `remount,${options}`, path]),
    remove() {
      // Also where a test has failed and left files open.
      spawnSync('umount', ['-l', path])
      rmdirSync(path)
    },
  }
}

export const whyNot = 'mounting a small disk takes root'
