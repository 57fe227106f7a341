/** `plan`: flags → options, what the plan says on standard output. Exit 0, or 1 where rows are invalid or cannot be planned. */
import { exitCodes } from '../../model/errors.ts'
import type { PlanRow } from '../../engine/plan-format.ts'
import { plan as makePlan } from '../../jobs/plan.ts'
import { commandToApply } from '../../engine/command.ts'
import type { Arguments } from '../command-table.ts'
import { planText } from '../plan-text.ts'
import { unmatchedLine } from '../notes.ts'
import { reading } from '../reading.ts'
import { senderOptions } from '../sender-options.ts'

/** Changes that are shown. */
const mostShown = 10

export async function plan(args: Arguments<'plan'>): Promise<number> {
  const { options } = senderOptions(args, {})
  const first: PlanRow[] = []
  const result = await reading(args.quiet === true, (onProgress, signal) =>
    makePlan({
      ...options,
      input: args.input,
      force: args.force ?? false,
      ...(args.out === undefined ? {} : { out: args.out }),
      signal,
      onProgress,
      onChange: (row) => void (first.length < mostShown && first.push(row)),
    }),
  )
  const { path, head, requests, calls, etaMs } = result
  if (args.json === true) {
    const { sha256, counts, reads, input, host, account } = head
    const counted = { input: { ...input, rows: counts.rows }, host, account, ...counts, reads }
    process.stdout.write(
      `${JSON.stringify({ plan: path, sha256, ...counted, requests, calls, eta_ms: etaMs })}\n`,
    )
  } else process.stdout.write(planText(result, first, args.showValues === true))
  const note = unmatchedLine(result.unmatched)
  if (note !== undefined && args.quiet !== true) process.stderr.write(`${note}\n`)
  const { missing, unreadable, invalid } = head.counts.changes
  process.stderr.write(
    calls === 0
      ? 'Nothing would change.\n'
      : `Nothing was changed. To send just this: ${commandToApply(path)}\n`,
  )
  return missing + unreadable + invalid === 0 ? exitCodes.OK : exitCodes.ROWS
}
