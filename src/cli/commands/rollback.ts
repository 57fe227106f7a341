/** `rollback`: restores what a run changed, or shows what it would restore (`--dry-run`). */
import { exitCodes } from '../../model/errors.ts'
import { formatCount, formatRows } from '../../report/format.ts'
import { rollbackLines } from '../../report/summary-text.ts'
import { previewRollback, rollback as rollbackRun, type RollbackPreview } from '../../jobs/rollback.ts'
import { commandToRollback } from '../../engine/record.ts'
import { whereRunWent } from '../../engine/store-and-remote.ts'
import type { Arguments } from '../command-table.ts'
import { senderOptions } from '../arguments.ts'
import { showReading } from '../display.ts'
import { send } from '../send.ts'
import { askKeyChange, printResult, say } from '../terminal.ts'

export async function rollback(args: Arguments<'rollback'>): Promise<number> {
  if (args.dryRun === true) return preview(args)
  const { run } = args
  return send(
    args,
    await whereRunWent(run, args),
    async (options, watch, signal) => {
      const result = await rollbackRun({ ...options, run, ...watch, signal })
      if (!('nothingLeft' in result)) return result
      say(nothingLeftText(result.parent))
      return undefined
    },
    { command: 'rollback', finishedBefore: 'This rollback was finished before: nothing was sent.' },
  )
}

function nothingLeftText(parent: string): string {
  return `Nothing of ${parent} is left to put back: nothing was sent.`
}

/** Customers that are named on the terminal. */
const mostNamed = 20

async function preview(args: Arguments<'rollback'>): Promise<number> {
  const { run } = args
  const { options } = senderOptions(args, await whereRunWent(run, args))
  const onKeyChange = askKeyChange(args.acceptKeyChange)
  const found = await showReading(args.quiet === true, (onProgress, signal) =>
    previewRollback({ ...options, run, onProgress, onKeyChange, signal }),
  )
  const text = `${previewLines(found).join('\n')}\n`
  printResult(args.json, { dry_run: true, ...found }, text)
  const command = commandToRollback(found.parent, args)
  say(
    Object.keys(found.restored).length === 0
      ? nothingLeftText(found.parent)
      : `Nothing was sent. To put it back: ${command}`,
  )
  const { kept, not_possible, missing, unreadable } = found
  const isComplete =
    [kept, not_possible].every((counts) => Object.keys(counts).length === 0) && missing + unreadable === 0
  return isComplete ? exitCodes.OK : exitCodes.ROWS
}

function previewLines(found: RollbackPreview): readonly string[] {
  const { parent, customers, changed, missing, unreadable, requests } = found
  const lines = [
    `Rollback of ${parent} would go over ${formatCount(customers)} customers (read with ${formatCount(requests)} requests)`,
    ...rollbackLines(found),
  ]
  if (missing > 0) lines.push(`Not there any more:       ${formatRows(missing)}`)
  if (unreadable > 0) lines.push(`Could not be read:        ${formatRows(unreadable)}`)
  if (changed.length > 0) lines.push('', 'Changed since the run, and kept:')
  for (const { customer, fields } of changed.slice(0, mostNamed))
    lines.push(`  ${customer} ${fields.join(', ')}`)
  if (changed.length > mostNamed) lines.push('  and more: --json names them')
  return lines
}
