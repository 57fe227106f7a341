/** Runs the real command on a terminal, by way of `script` from util-linux. */
import { spawn, spawnSync } from 'node:child_process'
import { program, usualEnvironment } from './command.ts'

export interface OnTerminal {
  readonly code: number | null
  /** Standard output and standard error as they stand on the screen. */
  readonly screen: string
}

export const hasTerminal = spawnSync('script', ['--version']).status === 0

/** Types `answer` once `question` stands on the screen; the words of `args` must need no quotes. */
export function runOnTerminal(
  folder: string,
  args: readonly string[],
  question: string,
  answer: string,
  env: Readonly<Record<string, string>> = {},
): Promise<OnTerminal> {
  // A terminal that nobody looks at has no size of its own.
  const command = ['stty cols 80 rows 24;', process.execPath, program, ...args].join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: folder,
    env: { ...usualEnvironment(folder), NO_COLOR: '1', TERM: 'dumb', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [screen, asked] = ['', false]
  child.stdout.on('data', (text) => {
    screen += String(text)
    if (asked || !screen.includes(question)) return
    asked = true
    child.stdin.write(`${answer}\n`)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, screen }))
  })
}
