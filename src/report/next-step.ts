/** The last line of a run: what to do next, from how the run ended and what its rows became. */
import type { OutcomeKind } from '../domain/outcome.ts'
import { formatRows } from './format.ts'

export interface RunEnd {
  readonly runId: string
  /** What to do about what stopped it; nothing where it reached its end. */
  readonly remedy: string | undefined
  /** Rows without an outcome in the journal. */
  readonly openRows: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  readonly errorsFile: string
  /** `--new-run`: the same command would begin another run. */
  readonly newRun: boolean
}

export function nextStep(end: RunEnd): string {
  const { runId, remedy, openRows } = end
  const again = end.newRun ? ` To go on with it, give --run-id ${runId} in place of --new-run.` : ''
  if (remedy !== undefined) return `Run ${runId} is not finished. ${remedy}${again}`
  if (openRows > 0) {
    return `Run ${runId} is not finished: without --limit, the same command goes on with the other ${formatRows(openRows)}.${again}`
  }
  const tasks = tasksOf(end)
  if (tasks.length === 0) return `Run ${runId} is finished: nothing is left to do.`
  return `Run ${runId} is finished. ${tasks.join(' ')}`
}

/** What is left to do of a finished run, the most urgent first. */
function tasksOf({ outcomes, errorsFile }: RunEnd): string[] {
  const { invalid, rejected, unknown, failed, not_attempted: left } = outcomes
  const tasks: string[] = []
  if (unknown > 0) {
    tasks.push(
      `First look in Rapyd at the customers of ${formatRows(unknown)} that may have been applied, and take out of ${errorsFile} what was.`,
    )
  }
  if (invalid + rejected > 0) {
    tasks.push(`Mend ${formatRows(invalid + rejected)} in ${errorsFile} and update from that file.`)
  }
  if (failed + left > 0) {
    tasks.push(`${formatRows(failed + left)} in ${errorsFile} can be sent as they are.`)
  }
  return tasks
}
