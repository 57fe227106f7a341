/** `state`: shows, forgets or fills the field state of `--only-changed`. */
import { isoTime } from '../../report/format.ts'
import { didYouMean, findNearest, printable } from '../../model/text.ts'
import { exitCodes, BulkUpdateError } from '../../model/errors.ts'
import { baselineState, forgetState, showState } from '../../jobs/state.ts'
import type { StateFacts } from '../../jobs/state.ts'
import type { Arguments } from '../command-table.ts'
import { stateActions, subjects } from '../command-table.ts'
import { senderOptions } from '../arguments.ts'
import { drainOnSignals, printResult } from '../terminal.ts'

export async function state(args: Arguments<'state'>): Promise<number> {
  const action = stateActions.find((known) => known === args.action)
  if (action === undefined) throw unknownAction(args.action)
  refuseOtherArguments(action, args)
  const { options } = senderOptions(args, {})
  switch (action) {
    case 'show':
      printState(args, await showState(options))
      break
    case 'forget': {
      const customers = await forgetState(options, args.customer)
      const text = `Forgotten: ${customers} customers. The next night sends them whole.\n`
      printResult(args.json, { forgotten: customers }, text)
      break
    }
    case 'baseline': {
      using stopping = drainOnSignals()
      const given = { ...options, input: args.input ?? '' }
      const { rows, invalid } = await baselineState(given, stopping.signal)
      const left = invalid === 0 ? '' : `; ${invalid} invalid rows are not`
      const text = `Taken as applied: ${rows} rows${left}. Nothing was sent.\n`
      printResult(args.json, { rows, invalid }, text)
      break
    }
    default:
      action satisfies never
  }
  return exitCodes.OK
}

function unknownAction(word: string) {
  if (word === 'rebuild') {
    return new BulkUpdateError(
      'E_USAGE',
      'state rebuild is no action any more: the store keeps this state together with the outcomes, so it cannot fall behind them',
      'If the store was lost, put it back, or take what was sent last as applied: rapyd-bulk state baseline <last file>.',
    )
  }
  return new BulkUpdateError(
    'E_USAGE',
    `the action is none of ${stateActions.join(', ')}`,
    `${didYouMean(findNearest(word, stateActions))}Name ${subjects.action}. See rapyd-bulk state --help.`,
  )
}

function refuseOtherArguments(
  action: (typeof stateActions)[number],
  { input, customer, all }: Arguments<'state'>,
): void {
  if (action === 'baseline' && input === undefined)
    throw new BulkUpdateError(
      'E_USAGE',
      'state baseline needs a file',
      'Write it like state baseline last-export.csv.',
    )
  if (action !== 'baseline' && input !== undefined)
    throw new BulkUpdateError('E_USAGE', `state ${action} takes no file`, 'Leave it out.')
  const isNamed = customer !== undefined
  if (action === 'forget' ? isNamed === (all === true) : isNamed || all === true)
    throw new BulkUpdateError(
      'E_USAGE',
      'state forget needs either --customer or --all, and nothing else takes them',
      'Write it like state forget --customer cus_….',
    )
}

function printState(args: Arguments<'state'>, facts: StateFacts): void {
  const { host, account, path, customers, fields, lastConfirmedAt, nights, skipped } = facts
  const last = lastConfirmedAt === 0 ? '' : `, the last confirmed ${isoTime(lastConfirmedAt)}`
  const lines = [
    `State of account ${account} on ${host}: ${customers} customers, ${fields} fields${last}`,
    ...nights.map(
      (night) =>
        `  ${night.export}: last night ${isoTime(night.at)}, ${night.rows} rows, ${night.vanished} vanished (run ${night.run})`,
    ),
    ...skipped.map((night) => `  skipped ${isoTime(night.at)}: ${night.export}, another run was under way`),
    `Store: ${path}`,
  ]
  printResult(args.json, facts, `${lines.map(printable).join('\n')}\n`)
}
