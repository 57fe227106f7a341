/** `init`: drafts a mapping file from the header and the values of an input. Asks nothing. */
import { basename } from 'node:path'
import { programOptions } from '../../config/job-options.ts'
import { printable } from '../../model/text.ts'
import { exitCodes } from '../../model/errors.ts'
import { init as draft } from '../../jobs/init.ts'
import { openNewFile } from '../../report/output-file.ts'
import { formatRows } from '../../report/format.ts'
import type { Arguments } from '../command-table.ts'

export async function init(args: Arguments<'init'>): Promise<number> {
  const { input, force = false } = args
  const out = args.out ?? `${nameOf(input)}.mapping.yaml`
  // Before the file is read, so that nobody waits for a refusal.
  const file = out === '-' ? undefined : openNewFile(out, force, input)
  try {
    const { text, rows, customer, taken, aside } = await draft({ ...programOptions(args), input })
    if (file === undefined) process.stdout.write(text)
    else {
      file.write(text)
      file.commit()
    }
    const id = customer === undefined ? 'no column with Rapyd customer ids' : `customer ids in "${customer}"`
    const where = out === '-' ? 'the draft' : out
    process.stderr.write(
      `${printable(`${formatRows(rows)}, ${id}, ${taken} columns taken, ${aside} set aside: ${where}`)}\n` +
        `${printable(`Look through it, then: rapyd-bulk validate ${input} --map ${out === '-' ? 'FILE' : out}`)}\n`,
    )
  } finally {
    file?.discard()
  }
  return exitCodes.OK
}

/** The input's name without its folder and endings. */
function nameOf(input: string): string {
  if (input === '-') return 'stdin'
  return (
    basename(input).replace(/(?:\.(?:csv|tsv|tab|txt|ndjson|jsonl|json))?(?:\.(?:gz|zst))?$/i, '') || 'input'
  )
}
