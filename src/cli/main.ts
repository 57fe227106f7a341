/** Arguments → command → exit code. Every error becomes two lines: what is wrong, and what to do next. */
import yargs from 'yargs'
import { BulkUpdateError, exitCodes } from '../errors.ts'
import { checkArguments } from './check-arguments.ts'
import { refuseKeys } from './credentials.ts'
import { boundMemory } from './memory.ts'
import { hideDash, showDashes } from './dash.ts'
import { errorText } from './error-text.ts'
import { commandFlags } from './flags.ts'
import { guardOutput } from './output.ts'

const inputArgument = {
  type: 'string',
  demandOption: true,
  describe: 'CSV or NDJSON file, or - for standard input',
} as const

const planArgument = {
  type: 'string',
  demandOption: true,
  describe: 'a plan.ndjson that plan wrote',
} as const

const runArgument = {
  type: 'string',
  demandOption: true,
  describe: 'run id, as runs lists it, or the path of a run directory',
} as const

/** What each command is about, where it is no input, and how that is named. */
const namedBy = new Map<string, 'run' | 'plan'>([
  ['redo', 'run'],
  ['report', 'run'],
  ['apply', 'plan'],
])
const names = {
  input: 'a CSV or NDJSON file, or - for standard input',
  run: 'the id of a run, as `runs` lists it',
  plan: 'a plan.ndjson that `plan` wrote',
} as const

/** Runs one command line. Resolves with the exit code; never rejects, never exits by itself. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.OK
  const named = namedBy.get(argv[0] ?? '') ?? 'input'
  const checkOutput = guardOutput()
  try {
    boundMemory()
    refuseKeys(argv, process.env)
    await yargs(argv.map(hideDash))
      .scriptName('rapyd-bulk')
      .usage('$0 <command>\n\nUpdates many Rapyd customers from one CSV or NDJSON file.')
      .command(
        'update <input>',
        'check the file, send every row, write results, errors, summary and page',
        (command) =>
          command
            .positional('input', inputArgument)
            .options(commandFlags.update)
            .example(
              '$0 update crm-export.csv',
              'update the sandbox’s customers; the same command goes on after a stop',
            )
            .example('$0 update crm-export.csv --limit 5', 'a canary: the first five rows')
            .example('$0 update crm-export.csv --env production', 'production asks before it sends')
            .example('zcat crm-export.csv.gz | $0 update -', 'from a pipe; piped again, it goes on')
            .example(
              '$0 update crm-export.csv --env simulator --faults 500:2%',
              'a rehearsal: no keys, no network, and some things go wrong',
            ),
        async (args) => {
          const { update } = await import('./commands/update.ts')
          code = await update(args)
        },
      )
      .command(
        'validate <input>',
        'check the file without a network and without credentials',
        (command) =>
          command
            .positional('input', inputArgument)
            .options(commandFlags.validate)
            .example('$0 validate crm-export.csv', 'every defect with its row, column and remedy')
            .example('$0 validate crm-export.csv --fix mended.csv', 'mend what is certain, list each change')
            .example('$0 validate crm-export.csv --strict --format-errors github', 'a step of a CI job'),
        async (args) => {
          const { validate } = await import('./commands/validate.ts')
          code = await validate(args)
        },
      )
      .command(
        'init <input>',
        'draft a mapping file from a header and what stands below it',
        (command) =>
          command
            .positional('input', inputArgument)
            .options(commandFlags.init)
            .example(
              '$0 init crm-export.csv',
              'write crm-export.mapping.yaml, with a comment for each column',
            ),
        async (args) => {
          const { init } = await import('./commands/init.ts')
          code = await init(args)
        },
      )
      .command(
        'plan <input>',
        'read every customer of the file and write down what update would change; changes nothing',
        (command) =>
          command
            .positional('input', inputArgument)
            .options(commandFlags.plan)
            .example('$0 plan crm-export.csv', 'before → after for each field, and the command to apply it')
            .example('$0 plan crm-export.csv --show-values --out plan.ndjson', 'with what the fields hold'),
        async (args) => {
          const { plan } = await import('./commands/plan.ts')
          code = await plan(args)
        },
      )
      .command(
        'apply <plan>',
        'send just what a plan says, and keep what each customer held before',
        (command) =>
          command
            .positional('plan', planArgument)
            .options(commandFlags.apply)
            .example('$0 apply plan.ndjson', 'only the fields that the plan changes')
            .example('$0 apply plan.ndjson --verify', 'and no row whose customer has changed since'),
        async (args) => {
          const { apply } = await import('./commands/apply.ts')
          code = await apply(args)
        },
      )
      .command(
        'runs',
        'list runs: state, rows, and the command to go on with; or delete old ones',
        (command) =>
          command
            .options(commandFlags.runs)
            .example('$0 runs', 'what there is, newest first')
            .example('$0 runs --purge --older-than 30d', 'delete what was finished a month ago'),
        async (args) => {
          const { runs } = await import('./commands/runs.ts')
          code = await runs(args)
        },
      )
      .command(
        'report <run>',
        'write results, errors, summary and page of a run again, also while it goes on',
        (command) =>
          command
            .positional('run', runArgument)
            .options(commandFlags.report)
            .example('$0 report crm-export-3f2a9c01d4', 'how far it is, with a line for every row'),
        async (args) => {
          const { report } = await import('./commands/report.ts')
          code = await report(args)
        },
      )
      .command(
        'redo <run>',
        'send again what a finished run left not updated',
        (command) =>
          command
            .positional('run', runArgument)
            .options(commandFlags.redo)
            .example('$0 redo crm-export-3f2a9c01d4', 'rows that failed or are in doubt, once more')
            .example('$0 redo crm-export-3f2a9c01d4 --from errors.csv', 'rows that were mended as well'),
        async (args) => {
          const { redo } = await import('./commands/redo.ts')
          code = await redo(args)
        },
      )
      .command(
        'simulator',
        'serve the embedded Rapyd customers API on loopback',
        (command) =>
          command
            .options(commandFlags.simulator)
            .example('$0 simulator --port 4010 --faults 500:2%', 'rehearse against faults'),
        async (args) => {
          const { simulate } = await import('./commands/simulator.ts')
          code = await simulate(args)
        },
      )
      .alias('help', 'h')
      // A list takes one value an option, or it would swallow the input's name behind it.
      .parserConfiguration({ 'greedy-arrays': false })
      .middleware(showDashes)
      .middleware(checkArguments, true)
      .showHelpOnFail(false)
      .exitProcess(false)
      .fail((message, error) => {
        throw (
          error ??
          new BulkUpdateError(
            'USAGE',
            'E_USAGE',
            message.startsWith('Not enough non-option arguments') ? `no ${named} is named` : message,
            `Name ${names[named]}. See rapyd-bulk --help.`,
          )
        )
      })
      .parseAsync()
    await checkOutput()
  } catch (error) {
    code = explain(error)
  }
  return code
}

/** What a person reads of an error. Errors that nobody foresaw say so, without a stack and without values. */
function explain(error: unknown): number {
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
