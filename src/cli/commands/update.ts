/** `update`: flags → options, for the run of one input. */
import { bulkUpdate } from '../../bulk-update.ts'
import { inputOptions, namesIn } from '../input-options.ts'
import type { InputArguments } from '../input-options.ts'
import { send } from '../send.ts'
import type { SendArguments } from '../send.ts'
import { given } from '../sender-options.ts'

export interface UpdateArguments extends InputArguments, SendArguments {
  readonly runId?: string | undefined
  readonly newRun?: boolean | undefined
  readonly acceptChange?: string[] | undefined
}

export async function update(args: UpdateArguments): Promise<number> {
  const input = inputOptions(args)
  const acceptChange = args.acceptChange?.flatMap(namesIn)
  const own = { ...input, ...given({ runId: args.runId, newRun: args.newRun, acceptChange }) }
  const finishedBefore = 'This run was finished before: nothing was sent. --new-run starts another.'
  return send(args, {}, (options, watch, signal) => bulkUpdate({ ...options, ...own, ...watch, signal }), {
    finishedBefore,
    duplicates: input.duplicates,
  })
}
