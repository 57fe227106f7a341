/** `state`: shows, forgets or fills the field state of `--only-changed`. `store check`: examines the store. */
import { isoTime } from '../../report/format.ts'
import { printable } from '../../model/text.ts'
import { exitCodes } from '../../model/errors.ts'
import { usageError } from '../../config/values.ts'
import type { Store } from '../../model/store.ts'
import { withStore } from '../../store/open-store.ts'
import { baselineState, forgetState, showState, type StateFacts } from '../../jobs/state.ts'
import type { Arguments } from '../command-table.ts'
import { senderOptions } from '../arguments.ts'
import { drainOnSignals, printResult } from '../terminal.ts'

export async function state(args: Arguments<'state'>): Promise<number> {
  const { action } = args
  refuseOtherArguments(args)
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

function refuseOtherArguments({ action, input, customer, all }: Arguments<'state'>): void {
  if (action === 'baseline' && input === undefined)
    throw usageError('state baseline needs a file', 'Write it like state baseline last-export.csv.')
  if (action !== 'baseline' && input !== undefined)
    throw usageError(`state ${action} takes no file`, 'Leave it out.')
  const isNamed = customer !== undefined
  if (action === 'forget' ? isNamed === (all === true) : isNamed || all === true)
    throw usageError(
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

/**
 * Exit code 0 if the store is whole, else that of E_STORE_DAMAGED. Throws LOCAL, E_STORE_LOST, for a store that has gone backwards,
 * without `--restored`. With it, rows without an outcome count as in doubt from now on: they are read before they are sent.
 */
export async function store(args: Arguments<'store'>): Promise<number> {
  const isAccepted = args.restored === true
  const check = async (opened: Store) => ({ path: opened.path, problems: await opened.check(isAccepted) })
  const { path, problems } = await withStore(args, check, isAccepted)
  const lines = [`Store: ${path}`, ...problems.map((problem) => `  ${problem}`)]
  if (problems.length === 0) lines.push('  It is whole.')
  if (isAccepted) lines.push('  Accepted: rows without an outcome are read before they are sent.')
  printResult(args.json, { path, problems, accepted: isAccepted }, `${lines.join('\n')}\n`)
  return problems.length === 0 ? exitCodes.OK : exitCodes.LOCAL
}
