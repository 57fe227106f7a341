/** `update`: flags → options, for the run of one input. */
import { bulkUpdate } from '../../bulk-update.ts'
import { usage } from '../../options.ts'
import { inputOptions } from '../input-options.ts'
import type { InputArguments } from '../input-options.ts'
import { send } from '../send.ts'
import type { SendArguments } from '../send.ts'
import { given } from '../sender-options.ts'

export interface UpdateArguments extends InputArguments, SendArguments {
  readonly runId?: string | undefined
  readonly newRun?: boolean | undefined
  readonly acceptChange?: string[] | undefined
  readonly onlyChanged?: boolean | undefined
  readonly wholeRows?: boolean | undefined
  readonly newState?: boolean | undefined
}

export async function update(args: UpdateArguments): Promise<number> {
  const input = inputOptions(args)
  const { runId, newRun, acceptChange, onlyChanged, wholeRows, newState } = args
  if (onlyChanged !== true && (wholeRows === true || newState === true)) {
    throw usage(
      'E_OPTION_CONFLICT',
      '--whole-rows and --new-state are for --only-changed',
      'Add --only-changed, or leave them out.',
    )
  }
  const own = {
    ...input,
    ...given({ runId, newRun, acceptChange, onlyChanged, wholeRows, newState }),
  }
  const finishedBefore = 'This run was finished before: nothing was sent. --new-run starts another.'
  return send(args, {}, (options, watch, signal) => bulkUpdate({ ...options, ...own, ...watch, signal }), {
    finishedBefore,
    duplicates: input.duplicates,
  })
}
