/** Runs a program to its end and measures what it took, as the operating system counts it. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { peakOf } from '../acceptance/support/peak-memory.ts'

export interface Measured {
  readonly wallMs: number
  /** User and system time. */
  readonly cpuMs: number
  /** Highest resident memory in MB. */
  readonly peakMb: number
}

const hasTaskset = spawnSync('taskset', ['--version']).status === 0

/** Pins a program to one core where the system allows it, so that client and target don't share one. */
export function pinned(core: number, program: string, args: readonly string[]): [string, string[]] {
  return hasTaskset ? ['taskset', ['-c', String(core), program, ...args]] : [program, [...args]]
}

export async function measure(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Measured> {
  const started = performance.now()
  const child = spawn(program, [...args], { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (text) => (errors += String(text)))
  // The highest memory only grows, so the last reading before the end is the peak but for its last milliseconds.
  let peakMb = 0
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid))), 20)
  const usageBefore = childrenCpuMs()
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  clearInterval(watch)
  const wallMs = performance.now() - started
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${errors}`)
  return { wallMs, cpuMs: childrenCpuMs() - usageBefore, peakMb }
}

/** CPU time of all children that have ended, from the kernel's accounts of this process. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}
