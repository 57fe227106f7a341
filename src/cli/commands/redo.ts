/** `redo`: flags → options, for a run over what another one left not updated. */
import { redo as redoRun } from '../../redo/redo.ts'
import { whereRunWent } from '../../redo/options.ts'
import { formatRows } from '../../report/format.ts'
import { encodingOption } from '../input-options.ts'
import { send } from '../send.ts'
import type { SendArguments } from '../send.ts'
import { given } from '../sender-options.ts'

export interface RedoArguments extends SendArguments {
  readonly run: string
  readonly from?: string | undefined
  readonly encoding?: string | undefined
  readonly maxClears?: string | undefined
  readonly maxErrors?: string | undefined
  readonly strict?: boolean | undefined
}

export async function redo(args: RedoArguments): Promise<number> {
  const { run, from, maxClears, maxErrors, strict } = args
  const own = { run, ...given({ from, maxClears, maxErrors, strict }), ...encodingOption(args.encoding) }
  return send(
    args,
    whereRunWent(run, args.runsDir),
    async (options, watch, signal) => {
      const result = await redoRun({ ...options, ...own, ...watch, signal })
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
