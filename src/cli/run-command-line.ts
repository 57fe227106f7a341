/** A command line → the command that it names, with its arguments. Commands are loaded when they are run. */
import yargs from 'yargs'
import { BulkUpdateError, exitCodes } from '../errors.ts'
import { checkArguments } from './check-arguments.ts'
import { commandNames, commands, subjects, usageOf } from './command-table.ts'
import { hideDash, showDashes } from './dash.ts'
import { commandFlags, stateActions } from './flags.ts'

const text = { type: 'string', demandOption: true } as const

/** Resolves with the exit code. Throws USAGE where the line fits no command. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.OK
  await yargs(argv.map(hideDash))
    .help(false)
    .version(false)
    // yargs puts its help together for every command that it runs; ours is made of the tables, so there is nothing to show in it.
    .wrap(null)
    .command(
      usageOf('update'),
      false,
      (command) => command.positional('input', text).options(commandFlags.update),
      async (args) => {
        const { update } = await import('./commands/update.ts')
        code = await update(args)
      },
    )
    .command(
      usageOf('validate'),
      false,
      (command) => command.positional('input', text).options(commandFlags.validate),
      async (args) => {
        const { validate } = await import('./commands/validate.ts')
        code = await validate(args)
      },
    )
    .command(
      usageOf('init'),
      false,
      (command) => command.positional('input', text).options(commandFlags.init),
      async (args) => {
        const { init } = await import('./commands/init.ts')
        code = await init(args)
      },
    )
    .command(
      usageOf('plan'),
      false,
      (command) => command.positional('input', text).options(commandFlags.plan),
      async (args) => {
        const { plan } = await import('./commands/plan.ts')
        code = await plan(args)
      },
    )
    .command(
      usageOf('apply'),
      false,
      (command) => command.positional('plan', text).options(commandFlags.apply),
      async (args) => {
        const { apply } = await import('./commands/apply.ts')
        code = await apply(args)
      },
    )
    .command(
      usageOf('rollback'),
      false,
      (command) => command.positional('run', text).options(commandFlags.rollback),
      async (args) => {
        const { rollback } = await import('./commands/rollback.ts')
        code = await rollback(args)
      },
    )
    .command(
      usageOf('verify'),
      false,
      (command) => command.positional('run', text).options(commandFlags.verify),
      async (args) => {
        const { verify } = await import('./commands/verify.ts')
        code = await verify(args)
      },
    )
    .command(
      usageOf('runs'),
      false,
      (command) => command.options(commandFlags.runs),
      async (args) => {
        const { runs } = await import('./commands/runs.ts')
        code = await runs(args)
      },
    )
    .command(
      usageOf('report'),
      false,
      (command) => command.positional('run', text).options(commandFlags.report),
      async (args) => {
        const { report } = await import('./commands/report.ts')
        code = await report(args)
      },
    )
    .command(
      usageOf('redo'),
      false,
      (command) => command.positional('run', text).options(commandFlags.redo),
      async (args) => {
        const { redo } = await import('./commands/redo.ts')
        code = await redo(args)
      },
    )
    .command(
      `${usageOf('state')} [input]`,
      false,
      (command) =>
        command
          .positional('action', { ...text, choices: stateActions })
          .positional('input', { type: 'string' })
          .options(commandFlags.state),
      async (args) => {
        const { state } = await import('./commands/state.ts')
        code = await state(args)
      },
    )
    .command(
      usageOf('simulator'),
      false,
      (command) => command.options(commandFlags.simulator),
      async (args) => {
        const { simulate } = await import('./commands/simulator.ts')
        code = await simulate(args)
      },
    )
    .command(
      usageOf('completion'),
      false,
      (command) => command.positional('shell', text).options(commandFlags.completion),
      async (args) => {
        const { completion } = await import('./commands/completion.ts')
        code = completion(args)
      },
    )
    // A list takes one value an option, or it would swallow the input's name behind it.
    .parserConfiguration({ 'greedy-arrays': false })
    .middleware(showDashes)
    .middleware(checkArguments, true)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? doesNotFit(message, argv[0])
    })
    .parseAsync()
  return code
}

function doesNotFit(message: string, command: string | undefined): BulkUpdateError {
  const name = commandNames.find((known) => known === command)
  const subject = name === undefined ? undefined : commands[name].subject
  return new BulkUpdateError(
    'USAGE',
    'E_USAGE',
    message.startsWith('Not enough non-option arguments') ? `no ${subject ?? 'input'} is named` : message,
    `Name ${subjects[subject ?? 'input']}. See rapyd-bulk --help.`,
  )
}
