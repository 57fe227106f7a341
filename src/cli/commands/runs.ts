/** `runs` and `report`: list and delete runs, and write the files of a run again. */
import { parseAge, usageError } from '../../config/values.ts'
import { deleteRun, isUnbegun, planPurge, listRuns, type PurgePlan, type ListedRun } from '../../jobs/runs.ts'
import { exitCodes, BulkUpdateError } from '../../model/errors.ts'
import { outcomeKinds } from '../../model/row.ts'
import { formatCount } from '../../report/format.ts'
import type { Arguments } from '../command-table.ts'
import { printSummary, writeSummaryFiles } from '../send.ts'
import { isTyped, print, printJson, printResult, say, sayError, sayLines } from '../terminal.ts'

/** Lists runs, newest first; `--purge` deletes old finished ones. */
export async function runs(args: Arguments<'runs'>): Promise<number> {
  if (args.purge === true) return purge(args)
  if (args.olderThan !== undefined || args.yes === true) {
    throw usageError('--older-than and --yes are for --purge', 'Add --purge, or leave them out.')
  }
  const found = await listRuns(args.runsDir, args)
  printResult(args.json, found, runsText(found))
  return exitCodes.OK
}

async function purge(args: Arguments<'runs'>): Promise<number> {
  if (args.olderThan === undefined) {
    throw usageError('--purge needs --older-than', 'Write it like --purge --older-than 30d.')
  }
  const plan = planPurge(await listRuns(args.runsDir, args), parseAge(args.olderThan), Date.now())
  const chosen = [...plan.doomed, ...plan.inputs]
  const asked = args.yes !== true && chosen.length > 0
  const question = `Type ${chosen.length} to delete ${chosen.length === 1 ? 'it' : 'them'}: `
  if (args.json !== true) print(purgeText(plan, asked ? 'would be deleted' : 'is deleted'))
  if (asked && !(await isTyped(String(chosen.length), question))) {
    if (args.json === true) printJson(toPurgeResult(plan, []))
    throw new BulkUpdateError('E_NOT_CONFIRMED', 'nothing was deleted', 'If this is meant, add --yes.')
  }
  const failed: { run: ListedRun; why: string }[] = []
  for (const run of chosen) {
    const { why, left } = await deleteRun(run, args)
    if (why !== undefined) failed.push({ run, why })
    if (left !== undefined) say(`${left} stays: it holds files that are not of ${run.run_id}`)
  }
  if (args.json === true) printJson(toPurgeResult(plan, failed))
  for (const { run, why } of failed) say(`rapyd-bulk: ${run.run_id} was kept: ${why}`)
  return failed.length > 0 ? exitCodes.LOCAL : exitCodes.OK
}

function purgeText({ doomed, kept, inputs }: PurgePlan, verb: string): string {
  const lines = doomed.map(
    ({ run_id: id, state, changed_at: at }) => `${id} ${verb} (${state}, last changed ${at})`,
  )
  for (const { run, why } of kept) {
    const input = inputs.includes(run) ? `; its standard input ${verb}` : ''
    lines.push(`${run.run_id} is kept: ${why}${input}`)
  }
  return lines.length === 0 ? 'There are no runs.\n' : `${lines.join('\n')}\n`
}

function toPurgeResult({ doomed, kept, inputs }: PurgePlan, failed: PurgePlan['kept']) {
  return {
    chosen: doomed.map((run) => run.run_id),
    inputs: inputs.map((run) => run.run_id),
    kept: [...kept, ...failed].map(({ run, why }) => ({ run_id: run.run_id, why })),
  }
}

function runsText(found: readonly ListedRun[]): string {
  if (found.length === 0) return 'There are no runs. --store names another store.\n'
  return `${found.map(runText).join('\n\n')}\n`
}

function runText(run: ListedRun): string {
  if (run.problem !== undefined) return `${run.run_id}  ${run.state}\n  ${run.problem}`
  if (run.state === 'plan') {
    const other =
      run.applied_by === undefined
        ? 'the plan itself is elsewhere, or not finished'
        : `applied by ${run.applied_by}`
    const next = run.next === '' ? other : `send it: ${run.next}`
    return `${run.run_id}  plan\n  last change ${run.changed_at}\n  ${next}`
  }
  const counts = outcomeKinds.flatMap((kind) => {
    const rows = run.outcomes[kind] ?? 0
    return rows === 0 ? [] : [`${formatCount(rows)} ${kind}`]
  })
  const done = Object.values(run.outcomes).reduce((sum, rows) => sum + rows, 0)
  if (done < run.rows) counts.push(`${formatCount(run.rows - done)} open`)
  const lines = [
    `${run.run_id}  ${run.state}`,
    `  ${formatCount(run.rows)} rows: ${counts.join(', ')}`,
    `  on ${run.host}, account ${run.account}${run.parent === undefined ? '' : `, redo of ${run.parent}`}${run.rolled_back === undefined ? '' : `, rollback of ${run.rolled_back}`}`,
    ...(run.plan === undefined ? [] : [`  sends a plan: ${run.plan}`]),
    `  started ${run.started_at || 'not yet'}, last change ${run.changed_at}`,
  ]
  if (run.rolled_back_by !== undefined) lines.push(`  rolled back by ${run.rolled_back_by}`)
  if (isUnbegun(run)) lines.push('  killed before it began: nothing was sent, and --purge deletes it')
  if (run.keeps_input === true) lines.push('  the store keeps its standard input')
  if (run.next !== '') lines.push(`  go on: ${run.next}`)
  return lines.join('\n')
}

/** Exit code 0, or that of the error if the input is missing or changed. */
export async function report(args: Arguments<'report'>): Promise<number> {
  // Only this command needs what checks an input
  const { rebuildReport } = await import('../../jobs/report.ts')
  const { summary, directory, missing } = await rebuildReport(args.run, args.runsDir, {
    ...args,
    includeValues: args.includeValues ?? false,
  })
  printSummary({ summary, directory }, args)
  const written = writeSummaryFiles(summary, exitCodes.OK, args)
  if (missing === undefined) {
    sayLines(summary.next)
    return written
  }
  sayError(missing)
  return missing.exitCode
}
