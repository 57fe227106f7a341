/** The command line on yargs: help, completion, or the command that is named. What each of them needs is loaded for it alone. */
import yargs from 'yargs'
import type { Argv } from 'yargs'
import { exitCodes } from '../model/errors.ts'
import { version } from '../config/system.ts'

/** Resolves with the exit code. Throws USAGE where the line fits no command. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  if (argv[0] === '--get-yargs-completions') {
    const { completionsOf } = await import('./completion.ts')
    const { offered, areFiles } = completionsOf(argv.slice(1))
    await lineOf(argv.slice(0, 1))
      .completion('completion', false, () => offered)
      .parseAsync()
    return offered.length === 0 && areFiles ? exitCodes.ROWS : exitCodes.OK
  }
  if (own[0] === 'help' || own.includes('--help') || own.includes('-h')) {
    const { showHelp } = await import('./help.ts')
    // `help <command>` is `<command> --help`.
    await showHelp(lineOf(own[0] === 'help' ? [...own.slice(1), '--help'] : own))
    return exitCodes.OK
  }
  const { runCommand } = await import('./run-command.ts')
  return runCommand(argv, lineOf)
}

function lineOf(argv: readonly string[]): Argv {
  return yargs([...argv])
    .scriptName('rapyd-bulk')
    .locale('en')
    .exitProcess(false)
    .showHelpOnFail(false)
    .help(false)
    .version(version)
    .parserConfiguration({
      'dot-notation': false,
      // A list takes one value an option, or it would swallow the input's name behind it.
      'greedy-arrays': false,
      'parse-positional-numbers': false,
    })
}
