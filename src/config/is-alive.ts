/** Whether a process is there: what a dead one left behind may be removed. */

/** True also for a process of another user, which cannot be asked. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
