/** `init`: drafts a mapping file from the header and the values of an input. */
import { basename } from 'node:path'
import { programOptions } from '../../config/job-options.ts'
import { exitCodes } from '../../model/errors.ts'
import { shellWord, shownName } from '../../model/text.ts'
import { init as draft } from '../../jobs/init.ts'
import { openNewFile } from '../../report/output-file.ts'
import { formatRows } from '../../report/format.ts'
import type { Arguments } from '../command-table.ts'
import { print, say } from '../terminal.ts'

export async function init(args: Arguments<'init'>): Promise<number> {
  const { input, force = false } = args
  const out = args.out ?? `${baseName(input)}.mapping.yaml`
  // Fails before the input is read, not after it
  const file = out === '-' ? undefined : openNewFile(out, force, input)
  try {
    const { text, rows, customer, taken, aside } = await draft({ ...programOptions(args), input })
    if (file === undefined) print(text)
    else {
      file.write(text)
      file.commit()
    }
    const id =
      customer === undefined
        ? 'no column with Rapyd customer ids'
        : `customer ids in "${shownName(customer)}"`
    const where = out === '-' ? 'the draft' : out
    say(`${formatRows(rows)}, ${id}, ${taken} columns taken, ${aside} set aside: ${where}`)
    say(
      `Look through it, then: rapyd-bulk validate ${shellWord(input)} --map ${shellWord(out === '-' ? 'FILE' : out)}`,
    )
  } finally {
    file?.discard()
  }
  return exitCodes.OK
}

/** The input's name without its folder and extensions. */
function baseName(input: string): string {
  if (input === '-') return 'stdin'
  return (
    basename(input).replace(/(?:\.(?:csv|tsv|tab|txt|ndjson|jsonl|json))?(?:\.(?:gz|zst))?$/i, '') || 'input'
  )
}
