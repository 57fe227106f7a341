/** `store check`: examines the store, or accepts one that was put back. */
import { BulkUpdateError, exitCodes } from '../../model/errors.ts'
import type { Store } from '../../model/store.ts'
import { withStore } from '../../store/open-store.ts'
import type { Arguments } from '../command-table.ts'
import { printResult } from '../terminal.ts'

/**
 * Exit code 0 if the store is whole, else that of E_STORE_DAMAGED. Throws LOCAL, E_STORE_LOST, for a store that has gone backwards,
 * without `--restored`. With it, rows without an outcome count as in doubt from now on: they are read before they are sent.
 */
export async function store(args: Arguments<'store'>): Promise<number> {
  if (args.check !== 'check') {
    throw new BulkUpdateError(
      'E_USAGE',
      'store has one action: check',
      'Write it like: rapyd-bulk store check',
    )
  }
  const isAccepted = args.restored === true
  const check = async (opened: Store) => ({ path: opened.path, problems: await opened.check(isAccepted) })
  const { path, problems } = await withStore(args, check, isAccepted)
  const lines = [`Store: ${path}`, ...problems.map((problem) => `  ${problem}`)]
  if (problems.length === 0) lines.push('  It is whole.')
  if (isAccepted) lines.push('  Accepted: rows without an outcome are read before they are sent.')
  printResult(args.json, { path, problems, accepted: isAccepted }, `${lines.join('\n')}\n`)
  return problems.length === 0 ? exitCodes.OK : exitCodes.LOCAL
}
