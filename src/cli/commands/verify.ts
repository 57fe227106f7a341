/** `verify`: flags → options, what does not hold any more on standard output. Exit 0 where all holds, else 1. */
import { printableLines } from '../../model/text.ts'
import { exitCodes } from '../../model/errors.ts'
import { parseSample } from '../../config/values.ts'
import { formatCount } from '../../report/format.ts'
import { whereRunWent } from '../../engine/saved-run.ts'
import { verify as verifyRun } from '../../jobs/verify.ts'
import type { Difference, Verified } from '../../jobs/verify.ts'
import type { Arguments } from '../command-table.ts'
import { reading } from '../reading.ts'
import { senderOptions } from '../sender-options.ts'
import { shownValue } from '../plan-text.ts'

/** Customers that are named on the terminal. */
const mostNamed = 20

export async function verify(args: Arguments<'verify'>): Promise<number> {
  const { run, showValues = false } = args
  const sample = args.sample === undefined ? { share: 1 } : parseSample(args.sample)
  const { options } = senderOptions(args, whereRunWent(run, args.runsDir))
  const found = await reading(args.quiet === true, (onProgress, signal) =>
    verifyRun({ ...options, run, sample, onProgress, signal }),
  )
  if (args.json === true)
    process.stdout.write(`${JSON.stringify(showValues ? found : withoutValues(found))}\n`)
  else process.stdout.write(printableLines(`${linesOf(found, showValues).join('\n')}\n`))
  const wrong = found.different + found.missing.length + found.unreadable
  process.stderr.write(
    wrong === 0
      ? 'Every field that was looked at holds what the run wrote.\n'
      : `Look at ${formatCount(wrong)} ${wrong === 1 ? 'customer' : 'customers'}: somebody may have changed them since. A plan of the same file shows what an update would change.\n`,
  )
  return wrong === 0 ? exitCodes.OK : exitCodes.ROWS
}

function withoutValues(found: Verified) {
  return { ...found, differences: found.differences.map(({ customer, fields }) => ({ customer, fields })) }
}

function linesOf(found: Verified, showValues: boolean): readonly string[] {
  const { run_id: run, customers, checked, fields, differences, different, missing, unreadable } = found
  const { reads, requests } = found
  const lines = [
    `Run ${run}: looked at ${formatCount(checked)} of ${formatCount(customers)} customers that it updated`,
  ]
  for (const [field, { checked: all, differ, not_shown: notShown }] of Object.entries(fields)) {
    const hold = `${formatCount(all - differ - notShown).padStart(9)}  ${field} as written`
    lines.push(`${hold}${also(differ, 'differ')}${also(notShown, 'not shown by Rapyd')}`)
  }
  if (different > 0) lines.push('', 'Different now:')
  for (const difference of differences.slice(0, mostNamed))
    lines.push(...differenceLines(difference, showValues))
  if (different > mostNamed) lines.push(`  and ${formatCount(different - mostNamed)} more: --json names them`)
  if (missing.length > 0) lines.push('', `Not there any more: ${missing.slice(0, mostNamed).join(', ')}`)
  if (unreadable > 0) lines.push('', `Could not be read: ${formatCount(unreadable)}`)
  const how = `${formatCount(reads.single)} one by one, ${formatCount(reads.pages)} pages of the list`
  lines.push('', `Read with ${formatCount(requests)} requests: ${how}`)
  return lines
}

function also(count: number, what: string): string {
  return count === 0 ? '' : `, ${formatCount(count)} ${what}`
}

function differenceLines({ customer, fields, values }: Difference, showValues: boolean): readonly string[] {
  if (!showValues) return [`  ${customer} ${fields.join(', ')}`]
  return values.map(
    ({ written, held }, index) =>
      `  ${customer} ${fields[index] ?? ''}: ${shownValue(written, true)} written, ${shownValue(held, true)} held`,
  )
}
