/** Arguments → exit code. Every error becomes two lines: what is wrong, and what to do next. */
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { guardOutput } from './output.ts'

/** Runs one command line. Resolves with the exit code; never rejects, never exits by itself. */
export async function main(argv: readonly string[]): Promise<number> {
  const checkOutput = guardOutput()
  try {
    refuseKeys(argv, process.env)
    const { runCommandLine } = await import('./command-line.ts')
    const code = await runCommandLine(argv)
    await checkOutput()
    return code
  } catch (error) {
    return explain(error)
  }
}

/** What a person reads of an error. Errors that nobody foresaw say so, without a stack and without values. */
async function explain(thrown: unknown): Promise<number> {
  const error = thrown instanceof BulkUpdateError ? thrown : await foreseen(thrown)
  if (error instanceof BulkUpdateError) {
    const { errorText } = await import('./error-text.ts')
    process.stderr.write(errorText(error))
    return error.exitCode
  }
  const name = error instanceof Error ? error.name : 'unknown error'
  process.stderr.write(
    `rapyd-bulk: an error that was not foreseen (${name}) [E_BUG]\nRun the same command again: rows that were answered are not sent again. If it comes back, report it with run.log.\n`,
  )
  return exitCodes.BUG
}

/** What can go wrong anywhere, as the error that it is; anything else as it came. */
async function foreseen(error: unknown): Promise<unknown> {
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd') {
    const message = 'the folder that this was started in is not there any more'
    return new BulkUpdateError('E_FOLDER_GONE', message, 'Change to another one.', { cause: error })
  }
  const { asDamage } = await import('../store/open-database.ts')
  return asDamage(error)
}

const looksLikeKey = /^(?:[0-9A-F]{20}|[0-9a-f]{64,}|r?[as]k_\S{12,}|sk_\S{12,}|rsk_\S+)$/
const keyOption = /^--?(?:access|secret|api)[-_]?key\b/i

/** Arguments end up in shell histories and process lists, so one that looks like a key stops everything. Its text is not echoed. */
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
