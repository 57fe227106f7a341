/** `state show|forget|rebuild|baseline`. */
import { didYouMean, findNearest, printable } from '../../model/text.ts'
import { exitCodes, usage } from '../../model/errors.ts'
import { baselineState, forgetState, remakeState, showState } from '../../jobs/state.ts'
import type { StateFacts } from '../../jobs/state.ts'
import type { Arguments } from '../command-table.ts'
import { stateActions, subjects } from '../command-table.ts'
import { senderOptions } from '../sender-options.ts'
import { drainOnSignals } from '../shutdown.ts'

export async function state(args: Arguments<'state'>): Promise<number> {
  const action = stateActions.find((known) => known === args.action)
  if (action === undefined) throw noAction(args.action)
  refuseStray(action, args)
  const { options } = senderOptions(args, {})
  switch (action) {
    case 'show':
      print(args, await showState(options))
      break
    case 'rebuild':
      print(args, await remakeState(options))
      break
    case 'forget': {
      const customers = await forgetState(options, args.customer)
      say(
        args,
        { forgotten: customers },
        `Forgotten: ${customers} customers. The next night sends them whole.`,
      )
      break
    }
    case 'baseline': {
      const { signal, release } = drainOnSignals((line) => process.stderr.write(`${line}\n`))
      try {
        const { rows, invalid } = await baselineState({ ...options, input: args.input ?? '' }, signal)
        const left = invalid === 0 ? '' : `; ${invalid} invalid rows are not`
        say(args, { rows, invalid }, `Taken as applied: ${rows} rows${left}. Nothing was sent.`)
      } finally {
        release()
      }
      break
    }
    default:
      action satisfies never
  }
  return exitCodes.OK
}

function noAction(word: string) {
  return usage(
    'E_USAGE',
    `the action is none of ${stateActions.join(', ')}`,
    `${didYouMean(findNearest(word, stateActions))}Name ${subjects.action}. See rapyd-bulk state --help.`,
  )
}

function refuseStray(
  action: (typeof stateActions)[number],
  { input, customer, all }: Arguments<'state'>,
): void {
  if (action === 'baseline' && input === undefined)
    throw usage('E_USAGE', 'state baseline needs a file', 'Write it like state baseline last-export.csv.')
  if (action !== 'baseline' && input !== undefined)
    throw usage('E_USAGE', `state ${action} takes no file`, 'Leave it out.')
  const isNamed = customer !== undefined
  if (action === 'forget' ? isNamed === (all === true) : isNamed || all === true)
    throw usage(
      'E_USAGE',
      'state forget needs either --customer or --all, and nothing else takes them',
      'Write it like state forget --customer cus_….',
    )
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}

function print(args: Arguments<'state'>, facts: StateFacts): void {
  const { host, account, path, customers, fields, lastConfirmedAt, nights, skipped } = facts
  const last = lastConfirmedAt === 0 ? '' : `, the last confirmed ${timeOf(lastConfirmedAt)}`
  const lines = [
    `Sync state of account ${account} on ${host}: ${customers} customers, ${fields} fields${last}`,
    ...nights.map(
      (night) =>
        `  ${night.export}: last night ${timeOf(night.at)}, ${night.rows} rows, ${night.vanished} vanished (run ${night.run})`,
    ),
    ...skipped.map((night) => `  skipped ${timeOf(night.at)}: ${night.export}, another run was under way`),
    `File: ${path}`,
  ]
  say(args, facts, lines.map(printable).join('\n'))
}

function say(args: Arguments<'state'>, facts: object, text: string): void {
  process.stdout.write(args.json === true ? `${JSON.stringify(facts)}\n` : `${text}\n`)
}
