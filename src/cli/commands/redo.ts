/** `redo`: flags → options, for a run over what another one left not updated. */
import { redo as redoRun } from '../../jobs/redo.ts'
import { formatRows } from '../../report/format.ts'
import type { Arguments } from '../command-table.ts'
import { whereRunWent } from '../../engine/saved-run.ts'
import { send } from '../send.ts'

export async function redo(args: Arguments<'redo'>): Promise<number> {
  const { run, from } = args
  return send(
    args,
    whereRunWent(run, args.runsDir),
    async (options, watch, signal) => {
      const result = await redoRun({
        ...options,
        run,
        ...(from === undefined ? {} : { from }),
        ...watch,
        signal,
      })
      if ('nothingLeft' in result) {
        const mend =
          result.toMend === 0 ? '' : ` ${formatRows(result.toMend)} can be mended and given with --from.`
        process.stderr.write(`Nothing of ${result.parent} is left to send again: nothing was sent.${mend}\n`)
        return undefined
      }
      if (result.skipped > 0 && args.quiet !== true) {
        const rows = formatRows(result.skipped)
        process.stderr.write(`${rows} not sent again: a later row of the same customer was updated.\n`)
      }
      return result
    },
    { finishedBefore: 'This redo was finished before: nothing was sent.' },
  )
}
