/** Runs the real command in a fresh folder, as a user would. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..')
export const program = join(root, 'src', 'cli', 'bin.mjs')

/** Compiled code is kept beside what is installed: it halves the time that a command takes to start. */
const cache = join(root, 'node_modules', '.cache')

/** What every command finds, but for what its test gives. Nothing of the user's own is read or written. */
export function usualEnvironment(folder: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_CACHE_HOME: cache,
    XDG_STATE_HOME: join(folder, '.state'),
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly pid: number | undefined
  /** Sends a signal to the command. */
  kill(signal: NodeJS.Signals): void
  /** Is given what the command writes to standard error. */
  onStderr(listener: (text: string) => void): void
  /** What the command has written to standard output so far. */
  stdout(): string
  readonly finished: Promise<Finished>
}

export interface Folder {
  readonly path: string
  write(name: string, text: string | Buffer): void
  /** The text of a file of the only run. */
  report(name: string): string
  /** `input` is piped into standard input, which is empty without it. */
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: string | Buffer,
  ): Promise<Finished>
  /** As `run`, for a command that the test has something to do with while it runs. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>, input?: string | Buffer): Started
  remove(): void
}

const senders = new Set(['update', 'redo', 'apply', 'rollback'])

/** The servers of these tests apply nothing late, so rows in doubt need not wait for long. */
export function withSettleTime(args: readonly string[]): readonly string[] {
  const [command = '', ...others] = args
  return senders.has(command) && !args.includes('--settle-after')
    ? [command, '--settle-after', '1s', ...others]
    : args
}

export function freshFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))

  function start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input: string | Buffer = '',
  ): Started {
    const child = spawn(process.execPath, [program, ...withSettleTime(args)], {
      cwd: path,
      env: { ...usualEnvironment(path), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text) => (stdout += String(text)))
    child.stderr.on('data', (text) => (stderr += String(text)))
    // A command that ends without reading its input closes the pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
    return {
      pid: child.pid,
      kill: (signal) => child.kill(signal),
      stdout: () => stdout,
      onStderr: (listener) => child.stderr.on('data', (text) => listener(String(text))),
      finished,
    }
  }

  return {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
    report(name) {
      const [run = ''] = readdirSync(join(path, 'rapyd-runs'))
      return readFileSync(join(path, 'rapyd-runs', run, name), 'utf8')
    },
    start,
    run: (args, env, input) => start(args, env, input).finished,
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
