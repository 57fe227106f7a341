/**
 * One session of the real command, in a process group of its own, beside a simulator that outlives it: started, killed
 * as a whole, and never left running.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { program, withSettleTime } from '../acceptance/support/command.ts'

export interface Ended {
  /** Nothing where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Session {
  readonly pid: number
  readonly running: boolean
  /** Sends a signal to every process of the group. */
  signal(name: NodeJS.Signals): void
  /** Resolves once the process is gone; a session that runs longer than two minutes is killed. */
  readonly ended: Promise<Ended>
}

const longestMs = 120_000
/** Where sessions keep their store, below their folder. */
export const stateFolder = ['.state', 'rapyd-bulk']

/** Starts `command`, by default this Node with the program, in `folder`. */
export function startSession(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  command: readonly string[] = [],
): Session {
  const [file = process.execPath, ...rest] = [...command, process.execPath, program, ...withSettleTime(args)]
  const child = spawn(file, rest, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      XDG_STATE_HOME: join(folder, '.state'),
      NO_COLOR: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const pid = child.pid ?? 0
  let [running, stdout, stderr] = [pid > 0, '', '']
  child.stdout.on('data', (text) => (stdout += String(text)))
  child.stderr.on('data', (text) => (stderr += String(text)))
  function signal(name: NodeJS.Signals): void {
    if (!running) return
    try {
      process.kill(-pid, name)
    } catch {
      // Gone in this very moment.
    }
  }
  const bound = setTimeout(() => signal('SIGKILL'), longestMs)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => (running = false))
    child.on('close', (code, name) => {
      clearTimeout(bound)
      resolve({ code, signal: name, stdout, stderr })
    })
  })
  return {
    pid,
    get running() {
      return running
    },
    signal,
    ended,
  }
}

export interface Workplace {
  readonly path: string
  /** The rows of a run as `results` tells them. Default: of the only run. */
  results(run?: string): readonly Readonly<Record<string, string>>[]
  /** Of the only run. */
  readonly runDirectory: string
  /** Of the store that all sessions there use. */
  readonly store: string
  remove(): void
}

/** A fresh folder with the input in it. */
export function createWorkplace(input: string, text: string): Workplace {
  const path = mkdtempSync(join(tmpdir(), 'rapyd-bulk-lane-'))
  writeFileSync(join(path, input), text)
  function runDirectory(): string {
    const [run = 'none'] = readdirSync(join(path, 'rapyd-runs'))
    return join(path, 'rapyd-runs', run)
  }
  return {
    path,
    store: join(path, ...stateFolder, 'store.db'),
    get runDirectory() {
      return runDirectory()
    },
    results(run) {
      const directory = run === undefined ? runDirectory() : join(path, 'rapyd-runs', run)
      const rows: Record<string, string>[] = parse(readFileSync(join(directory, 'results.csv')), {
        columns: true,
      })
      return rows
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
