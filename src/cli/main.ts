/** Arguments → exit code. Every error becomes two lines: what is wrong, and what to do next. */
import { BulkUpdateError, exitCodes } from '../errors.ts'
import { commandNames } from './command-table.ts'
import { refuseKeys } from './credentials.ts'
import { errorText } from './error-text.ts'
import { helpText } from './help.ts'
import { guardOutput } from './output.ts'

/** Runs one command line. Resolves with the exit code; never rejects, never exits by itself. */
export async function main(argv: readonly string[]): Promise<number> {
  const checkOutput = guardOutput()
  try {
    refuseKeys(argv, process.env)
    const code = (await answer(argv)) ?? (await run(argv))
    await checkOutput()
    return code
  } catch (error) {
    return explain(error)
  }
}

/** What takes no command. Nothing else is loaded for it. */
async function answer(argv: readonly string[]): Promise<number | undefined> {
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  if (options.includes('--help') || options.includes('-h')) {
    const name = commandNames.find((known) => known === options[0])
    process.stdout.write(helpText(name, process.stdout.columns ?? 80))
    return exitCodes.OK
  }
  if (options[0] !== '--version') return undefined
  const { version } = await import('../version.ts')
  process.stdout.write(`${version}\n`)
  return exitCodes.OK
}

async function run(argv: readonly string[]): Promise<number> {
  const { boundMemory } = await import('./memory.ts')
  boundMemory()
  const { runCommand } = await import('./run-command-line.ts')
  return runCommand(argv)
}

/** What a person reads of an error. Errors that nobody foresaw say so, without a stack and without values. */
async function explain(thrown: unknown): Promise<number> {
  const error = thrown instanceof BulkUpdateError ? thrown : await foreseen(thrown)
  if (error instanceof BulkUpdateError) {
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
    return new BulkUpdateError('USAGE', 'E_FOLDER_GONE', message, 'Change to another one.', { cause: error })
  }
  const { asDamage } = await import('../store/open-database.ts')
  return asDamage(error)
}
