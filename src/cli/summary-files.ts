/** `--junit` and `--metrics-file`: the summary once more, for other programs, where the user wants it. */
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { toJunit, toMetrics } from '../report/summary-formats.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { Summary } from '../report/summary.ts'
import { errorText } from './error-text.ts'

export interface SummaryFiles {
  readonly junit?: string | undefined
  readonly metricsFile?: string | undefined
}

/**
 * Writes what was asked for, whole or not at all, and gives the exit code. A file that cannot be written must not hide what
 * stopped the run: it changes the code only of a run that reached its end.
 */
export function writeSummaryFiles(summary: Summary, exitCode: number, files: SummaryFiles): number {
  const { junit, metricsFile } = files
  const next = (flag: string): string => `write it with: rapyd-bulk report ${summary.run_id} ${flag} FILE`
  try {
    if (junit !== undefined) writeText(junit, toJunit(summary), next('--junit'))
    if (metricsFile !== undefined) writeText(metricsFile, toMetrics(summary), next('--metrics-file'))
    return exitCode
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    process.stderr.write(errorText(error))
    return exitCode === exitCodes.OK || exitCode === exitCodes.ROWS ? error.exitCode : exitCode
  }
}

/** Before hours of sending, not after them. Throws LOCAL, E_REPORT_WRITE, where the file could not be written. */
export function refuseUnwritable(path: string | undefined): void {
  if (path !== undefined) openOutputFile(path, 'run the same command again. Nothing was sent.').discard()
}

function writeText(path: string, text: string, next: string): void {
  const file = openOutputFile(path, next)
  file.write(text)
  file.commit()
}
