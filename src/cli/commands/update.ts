/** `update`, `apply` and `redo`: they send the rows of a file, of a plan, or of an earlier run. */
import { whereRunWent } from '../../engine/store-and-remote.ts'
import { apply as applyPlan, wherePlanGoes } from '../../jobs/apply.ts'
import { redo as redoRun } from '../../jobs/redo.ts'
import { bulkUpdate } from '../../jobs/update.ts'
import { errorOf } from '../../engine/errors.ts'
import { formatRows } from '../../report/format.ts'
import type { Arguments } from '../command-table.ts'
import { send } from '../send.ts'
import { say } from '../terminal.ts'

export async function update(args: Arguments<'update'>): Promise<number> {
  const { input, onlyChanged, wholeRows, newState } = args
  if (onlyChanged !== true && (wholeRows === true || newState === true))
    throw errorOf('E_OPTION_CONFLICT', 'only_changed')
  return send(args, {}, (options, watch, signal) => bulkUpdate({ ...options, input, ...watch, signal }), {
    command: 'update',
    finishedBefore: 'This run was finished before: nothing was sent. --new-run starts another.',
  })
}

export async function apply(args: Arguments<'apply'>): Promise<number> {
  const { plan, verify = false } = args
  const finishedBefore = 'This plan was applied before: nothing was sent. --new-run sends it once more.'
  return send(
    args,
    await wherePlanGoes(plan),
    (options, watch, signal) => applyPlan({ ...options, plan, verify, ...watch, signal }),
    { command: 'apply', finishedBefore },
  )
}

export async function redo(args: Arguments<'redo'>): Promise<number> {
  const { run, from } = args
  return send(
    args,
    await whereRunWent(run, args),
    async (options, watch, signal) => {
      const result = await redoRun({
        ...options,
        run,
        ...(from === undefined ? {} : { from }),
        ...watch,
        signal,
      })
      if ('nothingLeft' in result) {
        const fixable =
          result.toMend === 0 ? '' : ` ${formatRows(result.toMend)} can be mended and given with --from.`
        say(`Nothing of ${result.parent} is left to send again: nothing was sent.${fixable}`)
        return undefined
      }
      if (result.skipped > 0 && args.quiet !== true) {
        const rows = formatRows(result.skipped)
        say(`${rows} not sent again: a later row of the same customer was updated.`)
      }
      return result
    },
    { command: 'redo', finishedBefore: 'This redo was finished before: nothing was sent.' },
  )
}
