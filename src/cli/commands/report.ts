/** `report`: the files of a run once more, from its journal. Exit 0, or 3 and 6 where the input is missing or changed. */
import { printable } from '../../model/text.ts'
import { exitCodes } from '../../model/errors.ts'
import { rebuildReport } from '../../jobs/report.ts'
import { summaryText } from '../../report/summary-text.ts'
import type { Arguments } from '../command-table.ts'
import { errorText } from '../error-text.ts'
import { wantsColor } from '../output.ts'
import { writeSummaryFiles } from '../summary-files.ts'

export async function report(args: Arguments<'report'>): Promise<number> {
  const { summary, directory, missing } = await rebuildReport(args.run, args.runsDir, {
    includeValues: args.includeValues ?? false,
  })
  process.stdout.write(
    args.json === true
      ? `${JSON.stringify(summary)}\n`
      : summaryText(summary, directory, wantsColor(process.stdout, args.color)),
  )
  const written = writeSummaryFiles(summary, exitCodes.OK, args)
  if (missing === undefined) {
    process.stderr.write(`${printable(summary.next)}\n`)
    return written
  }
  process.stderr.write(errorText(missing))
  return missing.exitCode
}
