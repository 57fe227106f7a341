import { readFileSync } from 'node:fs'

/** The highest memory of a process so far in MB, as the operating system counts it; 0 if it has ended. */
export function peakOf(pid: number | undefined): number {
  try {
    const [, kb = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kb) / 1024
  } catch {
    return 0
  }
}
