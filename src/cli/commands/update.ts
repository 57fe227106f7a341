/** `update`: flags → options, for the run of one input. */
import { bulkUpdate } from '../../jobs/update.ts'
import { BulkUpdateError } from '../../model/errors.ts'
import type { Arguments } from '../command-table.ts'
import { send } from '../send.ts'

export async function update(args: Arguments<'update'>): Promise<number> {
  const { input, onlyChanged, wholeRows, newState } = args
  if (onlyChanged !== true && (wholeRows === true || newState === true)) {
    throw new BulkUpdateError(
      'E_OPTION_CONFLICT',
      '--whole-rows and --new-state are for --only-changed',
      'Add --only-changed, or leave them out.',
    )
  }
  const finishedBefore = 'This run was finished before: nothing was sent. --new-run starts another.'
  return send(args, {}, (options, watch, signal) => bulkUpdate({ ...options, input, ...watch, signal }), {
    finishedBefore,
    duplicates: args.duplicates,
  })
}
