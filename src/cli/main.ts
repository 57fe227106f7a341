/** Arguments → exit code. Every error becomes two lines: what is wrong, and what to do. */
import { machineLimit } from '../config/system.ts'
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { endAtOnce, endOnSignals, guardOutput, say, sayError, showWarnings } from './terminal.ts'

/** Runs one command line. Resolves with the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  const checkOutput = guardOutput()
  showWarnings()
  endOnSignals()
  try {
    refuseKeys(argv, process.env)
    const { runCommandLine } = await import('./command-line.ts')
    const code = await runCommandLine(argv)
    await checkOutput()
    return code
  } catch (error) {
    return printError(error)
  }
}

/** Writes the error and returns its exit code. An unexpected error shows neither its stack nor its values. */
function printError(thrown: unknown): number {
  const error = thrown instanceof BulkUpdateError ? thrown : toKnownError(thrown)
  if (error instanceof BulkUpdateError) {
    sayError(error)
    if (error.code === 'E_PATH_HANGS') endAtOnce('SIGTERM')
    return error.exitCode
  }
  const name = error instanceof Error ? error.name : 'unknown error'
  say(`rapyd-bulk: an error that was not foreseen (${name}) [E_BUG]`)
  say(
    'Run the same command again: rows that were answered are not sent again. If it comes back, report it with run.log.',
  )
  return exitCodes.BUG
}

/** Recognises errors that can happen anywhere; returns others as they are. */
function toKnownError(error: unknown): unknown {
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd') {
    const message = 'the folder that this was started in is not there any more'
    return new BulkUpdateError('E_FOLDER_GONE', message, 'Change to another one.', { cause: error })
  }
  return machineLimit(error) ?? error
}

const looksLikeKey = /^(?:[0-9A-F]{20}|[0-9a-f]{64,}|r?[as]k_\S{12,}|sk_\S{12,}|rsk_\S+)$/
const keyOption = /^--?(?:access|secret|api)[-_]?key\b/i

/** Refuses arguments that look like keys, because shell histories and process lists keep them. Their text is not shown. */
export function refuseKeys(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const keys = new Set([env['RAPYD_ACCESS_KEY'] ?? '', env['RAPYD_SECRET_KEY'] ?? ''])
  keys.delete('')
  for (const argument of argv) {
    const value = argument.includes('=') ? argument.slice(argument.indexOf('=') + 1) : argument
    if (keyOption.test(argument) || looksLikeKey.test(value) || keys.has(value)) {
      throw new BulkUpdateError(
        'E_KEY_ARGUMENT',
        'keys are not accepted as arguments',
        'Set RAPYD_ACCESS_KEY and RAPYD_SECRET_KEY, or their _FILE forms, in the environment. A key that was typed here should be replaced.',
      )
    }
  }
}
