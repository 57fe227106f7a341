/** The terminal of a command: colours, broken output, errors, questions and signals. */
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ownFolderWarning } from '../config/own-files.ts'
import { type BulkUpdateError, exitCodes, systemCode } from '../model/errors.ts'
import { errorOf } from '../engine/errors.ts'
import { printable, printableLines, unicodeEscape } from '../model/text.ts'
import type { KeyChangeWatch } from '../engine/watch.ts'

interface OutputStream {
  readonly isTTY?: boolean
  readonly rows?: number
  readonly columns?: number
}

/** Whether to write colours: on a terminal, except with `--no-color`, `NO_COLOR` or `TERM=dumb`. */
export function wantsColor(stream: OutputStream, flag: boolean | undefined, env = process.env): boolean {
  return stream.isTTY === true && flag !== false && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** Whether lines can be drawn again: no log of a CI server, and no terminal without that ability or with a size of 0. */
export function isScreen(stream: OutputStream, env = process.env): boolean {
  const isLog = !['', '0', 'false'].includes(env['CI'] ?? '')
  return (
    stream.isTTY === true && stream.rows !== 0 && stream.columns !== 0 && env['TERM'] !== 'dumb' && !isLog
  )
}

/** The codes of a reader that left, or a terminal that was closed. */
const closedCodes = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])

/**
 * Keeps a broken stream from ending the run. The returned function throws LOCAL, E_STDOUT, if standard output was lost for
 * another reason than that its reader left.
 */
export function guardOutput(): () => Promise<void> {
  let lostCode = ''
  process.stdout.on('error', (error) => {
    const code = systemCode(error)
    if (!closedCodes.has(code)) lostCode = code
  })
  // What standard error shows is in the run's files as well
  process.stderr.on('error', () => {})
  return async () => {
    // The error event of a failed write comes in a later turn
    await nextTurn()
    if (lostCode === '') return
    throw errorOf('E_STDOUT', 'lost_output', { code: lostCode })
  }
}

/** What JSON leaves as it is, and a terminal does not. */
const unsafeInJson = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
/** Writes one line to standard error, with control characters escaped. `display.ts` also writes there. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`)
}

export function sayLines(text: string): void {
  for (const line of text.split('\n')) say(line)
}

/** Writes text to standard output. */
export function print(text: string): void {
  process.stdout.write(printableLines(text))
}

/** As `print`. Resolves when the reader of a long output is ready for more, or has left. */
export async function printSlowly(text: string): Promise<void> {
  if (text === '' || process.stdout.write(printableLines(text)) || !process.stdout.writable) return
  await once(process.stdout, 'drain').catch(() => {})
}

export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value).replace(unsafeInJson, unicodeEscape)}\n`)
}

/** Writes a text with colours, in which whatever is of others was made harmless before. */
export function printColoured(text: string): void {
  process.stdout.write(text)
}

/** Writes a result to standard output, as one line of JSON or as text. */
export function printResult(json: boolean | undefined, value: object, text: string): void {
  if (json === true) printJson(value)
  else print(text)
}

/** An error for people: what is wrong and its code on one line, what to do on the next. */
export function sayError({ code, message, remedy }: BulkUpdateError): void {
  say(`rapyd-bulk: ${message} [${code}]`)
  say(remedy)
}

/** Asks on a terminal. False for another answer, and without a terminal. */
export async function isTyped(expected: string, question: string, signal?: AbortSignal): Promise<boolean> {
  return canAsk() && (await ask(question, signal)) === expected
}

function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Resolves with the trimmed answer; empty after Ctrl-C or Ctrl-D. Throws when `signal` is aborted. */
async function ask(question: string, signal?: AbortSignal): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(printableLines(question), signal === undefined ? {} : { signal })
    return answer.trim()
  } catch (error) {
    process.stderr.write('\n')
    const isCancelled = error instanceof Error && error.name === 'AbortError' && signal?.aborted !== true
    if (isCancelled) return ''
    throw error
  } finally {
    terminal.close()
  }
}

/** Shows what would be followed, and asks on a terminal. */
export function askKeyChange(isAccepted = false): NonNullable<KeyChangeWatch['onKeyChange']> {
  return async ({ what, host, account, rows, paths }) => {
    if (!isAccepted && !canAsk()) return false
    const shown = `${what} was signed with another secret key: host ${host}, account ${account}, ${rows} rows, files ${paths.join(', ')}`
    say(shown)
    return isAccepted || isTyped('yes', 'Type yes if you have changed the key and all of this is right: ')
  }
}

/** Warnings of our own are one line each; those of Node keep their form. */
export function showWarnings(): void {
  const usual = process.listeners('warning')
  process.removeAllListeners('warning').on('warning', (warning) => {
    if (warning.name === ownFolderWarning) say(`rapyd-bulk: ${warning.message}`)
    else for (const listener of usual) listener(warning)
  })
}

/** The system does not end the first process of a container by a signal that it does not handle. */
export function endOnSignals(): void {
  if (process.pid !== 1) return
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (process.listenerCount(name) === 1) process.exit(exitCodes[name])
    })
}

/** A closed terminal does not end a run. */
function onHangup(): void {}

/** A file system that hangs keeps a thread of Node busy, for which `process.exit` would wait: then the signal itself ends it. */
export function endAtOnce(name: NodeJS.Signals, tries = 0): void {
  const isReading = process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq'))
  if (!isReading) process.exit(name === 'SIGTERM' ? exitCodes.SIGTERM : exitCodes.SIGINT)
  if (tries > 20) process.removeAllListeners(name).kill(process.pid, name)
  setTimeout(endAtOnce, 50, name, tries + 1)
}

/**
 * The first signal aborts, so that the command can drain its requests. The second ends the process, and requests in flight stay in
 * doubt. `writeLine` writes to standard error, next to what the screen shows.
 */
export function drainOnSignals(
  writeLine: (line: string) => void = say,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      writeLine(
        'Ended at once. Run the same command again: it goes on where it stopped, and looks first at what was in flight.',
      )
      return endAtOnce(name)
    }
    writeLine('Stopping: what is in flight ends first. A second signal ends at once.')
    controller.abort(name)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangup)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onHangup)
    },
  }
}
