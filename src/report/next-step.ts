/** The last line of a run: what to do next, from how the run ended and what its rows became. */
import type { OutcomeKind } from '../model/outcome.ts'
import { formatRows } from './format.ts'

export interface RunEnd {
  readonly runId: string
  /** What to do about what stopped it; nothing where it reached its end. */
  readonly remedy: string | undefined
  /** Rows without an outcome in the journal. */
  readonly openRows: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  readonly errorsFile: string
  /** The command that sends again what was not updated, without `--from`. */
  readonly redoCommand: string
  /** What is done about invalid and rejected rows where `errors` is not mended and given back. */
  readonly insteadOfMending?: string | undefined
  /** Whether the input can be read again; what came over standard input is not kept. */
  readonly isInputKept: boolean
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
function tasksOf({ outcomes, errorsFile, redoCommand, isInputKept, insteadOfMending }: RunEnd): string[] {
  const { invalid, rejected, unknown, failed, not_attempted: left } = outcomes
  const fromErrors = `${redoCommand} --from ${errorsFile}`
  const tasks: string[] = []
  const again = unknown + failed + left
  if (again > 0) {
    const look =
      unknown > 0
        ? `; it looks first whether ${formatRows(unknown)} in doubt ${unknown === 1 ? 'was' : 'were'} applied`
        : ''
    tasks.push(`${formatRows(again)} can be sent again${look}: ${isInputKept ? redoCommand : fromErrors}.`)
  }
  if (invalid + rejected > 0) {
    tasks.push(
      insteadOfMending !== undefined
        ? `Look at ${formatRows(invalid + rejected)} in ${errorsFile}: ${insteadOfMending}`
        : `Mend ${formatRows(invalid + rejected)} in ${errorsFile}, then: ${fromErrors}.`,
    )
  }
  return tasks
}
