/** Starts `store-process.ts`, and speaks with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface ChildStore {
  /** Resolves when a command was done. Rejects if the process ends before. */
  done(command: string): Promise<void>
  /** Ends a `wait`. */
  goOn(): void
  kill(): Promise<void>
  /** Resolves with the exit code and what was written to standard error. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>
}

const program = join(import.meta.dirname, 'store-process.ts')

export function startChildStore(path: string, id: string, ...commands: readonly string[]): ChildStore {
  const child = spawn(process.execPath, [program, path, id, ...commands], { stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  const progress = new EventTarget()
  child.stdout.on('data', (text) => {
    stdout += String(text)
    progress.dispatchEvent(new Event('progress'))
  })
  child.stderr.on('data', (text) => (stderr += String(text)))
  child.stdin.on('error', () => {})
  let hasEnded = false
  const ended = new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) => {
    child.on('close', (code) => {
      hasEnded = true
      progress.dispatchEvent(new Event('progress'))
      resolve({ code, stderr })
    })
  })
  return {
    async done(command) {
      while (!stdout.split('\n').includes(command)) {
        if (hasEnded) throw new Error(`the process ended before ${command}: ${stderr}`)
        await once(progress, 'progress')
      }
    },
    goOn: () => void child.stdin.write('\n'),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    ended,
  }
}
