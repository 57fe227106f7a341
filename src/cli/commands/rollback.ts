/** `rollback`: flags → options, for the way back of a run, or a look at what that would do. */
import { printableLines } from '../../model/text.ts'
import { exitCodes } from '../../model/errors.ts'
import { formatCount, formatRows } from '../../report/format.ts'
import { bucketLines } from '../../report/rollback-fold.ts'
import { previewRollback } from '../../jobs/rollback-preview.ts'
import type { RollbackPreview } from '../../jobs/rollback-preview.ts'
import { rollback as rollbackRun } from '../../jobs/rollback.ts'
import { commandToRollback } from '../../engine/command.ts'
import { whereRunWent } from '../../engine/saved-run.ts'
import type { Arguments } from '../command-table.ts'
import { reading } from '../reading.ts'
import { send } from '../send.ts'
import { senderOptions } from '../sender-options.ts'

export async function rollback(args: Arguments<'rollback'>): Promise<number> {
  if (args.dryRun === true) return preview(args)
  const { run } = args
  return send(
    args,
    whereRunWent(run, args.runsDir),
    async (options, watch, signal) => {
      const result = await rollbackRun({ ...options, run, ...watch, signal })
      if (!('nothingLeft' in result)) return result
      process.stderr.write(nothingLeft(result.parent))
      return undefined
    },
    { finishedBefore: 'This rollback was finished before: nothing was sent.', hasOwnRows: true },
  )
}

function nothingLeft(parent: string): string {
  return `Nothing of ${parent} is left to put back: nothing was sent.\n`
}

/** Customers that are named on the terminal. */
const mostNamed = 20

async function preview(args: Arguments<'rollback'>): Promise<number> {
  const { run } = args
  const { options } = senderOptions(args, whereRunWent(run, args.runsDir))
  const found = await reading(args.quiet === true, (onProgress, signal) =>
    previewRollback({ ...options, run, onProgress, signal }),
  )
  if (args.json === true) process.stdout.write(`${JSON.stringify({ dry_run: true, ...found })}\n`)
  else process.stdout.write(printableLines(`${linesOf(found).join('\n')}\n`))
  const command = commandToRollback(found.parent, args.runsDir)
  process.stderr.write(
    Object.keys(found.restored).length === 0
      ? nothingLeft(found.parent)
      : `Nothing was sent. To put it back: ${command}\n`,
  )
  const { kept, not_possible: impossible, missing, unreadable } = found
  const isWhole =
    [kept, impossible].every((counts) => Object.keys(counts).length === 0) && missing + unreadable === 0
  return isWhole ? exitCodes.OK : exitCodes.ROWS
}

function linesOf(found: RollbackPreview): readonly string[] {
  const { parent, customers, changed, missing, unreadable, requests } = found
  const lines = [
    `Rollback of ${parent} would go over ${formatCount(customers)} customers (read with ${formatCount(requests)} requests)`,
    ...bucketLines(found),
  ]
  if (missing > 0) lines.push(`Not there any more:       ${formatRows(missing)}`)
  if (unreadable > 0) lines.push(`Could not be read:        ${formatRows(unreadable)}`)
  if (changed.length > 0) lines.push('', 'Changed since the run, and kept:')
  for (const { customer, fields } of changed.slice(0, mostNamed))
    lines.push(`  ${customer} ${fields.join(', ')}`)
  if (changed.length > mostNamed) lines.push('  and more: --json names them')
  return lines
}
