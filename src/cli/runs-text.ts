/** The list of runs as a person reads it: a few lines each, the command to go on with on a line of its own. */
import { outcomeKinds } from '../domain/outcome.ts'
import type { ListedRun } from '../saved-runs/list.ts'

export function runsText(runs: readonly ListedRun[]): string {
  if (runs.length === 0) return 'There are no runs here. --runs-dir names another folder.\n'
  return `${runs.map(runText).join('\n\n')}\n`
}

function runText(run: ListedRun): string {
  if (run.state === 'broken') return `${run.run_id}  broken\n  ${run.problem ?? ''}`
  if (run.state === 'plan') {
    const other =
      run.applied_by === undefined
        ? 'the plan itself is elsewhere, or not finished'
        : `applied by ${run.applied_by}`
    const next = run.next === '' ? other : `send it: ${run.next}`
    return `${run.run_id}  plan\n  last change ${run.changed_at}\n  ${next}`
  }
  const number = new Intl.NumberFormat('en-US')
  const counts = outcomeKinds.flatMap((kind) => {
    const rows = run.outcomes[kind] ?? 0
    return rows === 0 ? [] : [`${number.format(rows)} ${kind}`]
  })
  const done = Object.values(run.outcomes).reduce((sum, rows) => sum + rows, 0)
  if (done < run.rows) counts.push(`${number.format(run.rows - done)} open`)
  const lines = [
    `${run.run_id}  ${run.state}`,
    `  ${number.format(run.rows)} rows: ${counts.join(', ')}`,
    `  on ${run.host}, account ${run.account}${run.parent === undefined ? '' : `, redo of ${run.parent}`}${run.rolled_back === undefined ? '' : `, rollback of ${run.rolled_back}`}`,
    ...(run.plan === undefined ? [] : [`  sends a plan: ${run.plan}`]),
    `  started ${run.started_at || 'not yet'}, last change ${run.changed_at}`,
  ]
  if (run.rolled_back_by !== undefined) lines.push(`  rolled back by ${run.rolled_back_by}`)
  if (run.next !== '') lines.push(`  go on: ${run.next}`)
  return lines.join('\n')
}
