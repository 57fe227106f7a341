/** A command line → the command that it names, with its arguments. Commands are loaded when they are run. */
import type { Arguments } from './arguments.ts'
import { checkOptions } from './check-options.ts'
import type { CommandName } from '../config/options.ts'
import { parseCommandLine } from './parse-command-line.ts'
import { commandNamed, positionalsOf } from './words.ts'

/** Resolves with the exit code. */
type Run<Name extends CommandName> = (args: Arguments<Name>) => Promise<number> | number

type Loaders = { readonly [Name in CommandName]: () => Promise<Run<Name>> }

const loaders: Loaders = {
  update: async () => (await import('./commands/update.ts')).update,
  validate: async () => (await import('./commands/validate.ts')).validate,
  init: async () => (await import('./commands/init.ts')).init,
  plan: async () => (await import('./commands/plan.ts')).plan,
  apply: async () => (await import('./commands/apply.ts')).apply,
  rollback: async () => (await import('./commands/rollback.ts')).rollback,
  verify: async () => (await import('./commands/verify.ts')).verify,
  runs: async () => (await import('./commands/runs.ts')).runs,
  report: async () => (await import('./commands/report.ts')).report,
  redo: async () => (await import('./commands/redo.ts')).redo,
  state: async () => (await import('./commands/state.ts')).state,
  simulator: async () => (await import('./commands/simulator.ts')).simulate,
  completion: async () => (await import('./commands/completion.ts')).completion,
}

/** Resolves with the exit code. Throws USAGE where the line fits no command. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const { words, options } = parseCommandLine(argv)
  const [command, ...behind] = words
  const name = commandNamed(command)
  return run<CommandName>(name, loaders[name], behind, options)
}

async function run<Name extends CommandName>(
  name: Name,
  load: Loaders[Name],
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  // Before the words: a misspelt switch may have taken one.
  const checked = checkOptions(name, options)
  const positionals = positionalsOf(name, words)
  const command = await load()
  return command({ ...checked, ...positionals })
}
