/**
 * Watches the scan of a run for what makes a file another one than it was last time, or a damaged one, though each of its
 * rows could be sent: a lost column, a cut end, cells that have moved. What it finds is refused before the first call.
 */
import { isOutcome } from '../model/outcome.ts'
import { createBrokenRows } from './broken-rows.ts'
import { textDamage } from './text-damage.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { customerChanges } from './compare-customers.ts'
import { damageDifferences, fieldDifferences, isComparable, misreadIn, rowDifferences } from './compare.ts'
import type { Difference } from './compare.ts'
import type { Portrait } from './portrait.ts'
import { createSample } from './sample.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import type { EarlierRun } from './input-history.ts'
import { planHeader, typedColumns } from '../mapping/column-plans.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { Examiner } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { rulesOf } from './prepare.ts'

export interface WatchedInput {
  readonly file: InputFile
  readonly head: Head
  readonly mapping: Mapping
  readonly options: ResolvedOptions
  readonly earlier: EarlierRun | undefined
}

export interface InputWatch extends Examiner {
  /** Once the scan has ended: what is kept of the file, and what keeps it from being sent. */
  finish(found: Scan): Promise<{ readonly portrait: Portrait; readonly refusal: BulkUpdateError | undefined }>
}

/** Throws INPUT errors where the header cannot be matched. */
export function watchInput({ file, head, mapping, options, earlier }: WatchedInput): InputWatch {
  const plans =
    head.format === 'csv' ? planHeader(head.header, options.ignoreColumns, mapping, rulesOf(options)) : []
  const broken = createBrokenRows(typedColumns(plans))
  const sample = createSample(
    earlier?.portrait,
    (text) => textDamage(text, true, false)?.code === 'W_ENCODING',
  )
  let row: Row | MalformedRow | undefined

  return {
    begin: (next) => {
      row = next
    },
    refused: () => {},
    read(read) {
      if (!isOutcome(read)) sample.look(read)
      if (row !== undefined && isOutcome(read) && read.errorCode !== '') broken.bad(row, read.errorCode)
      else broken.good()
    },
    warned: () => {},
    async finish(found) {
      const end = row === undefined ? 0 : row.offset + row.length
      const endsLine = (await file.read(end, 1)).length > 0
      const drawn = { ...countsOf(found), endsLine, ...sample.list(), restless: [] }
      const last = earlier !== undefined && isComparable(earlier.portrait) ? earlier : undefined
      const verdict = broken.verdict(endsLine) ?? (last === undefined ? misreadIn(drawn) : undefined)
      const damage = verdict === undefined ? [] : [{ what: 'damage', text: verdict }]
      if (last === undefined) return { portrait: drawn, refusal: refusalOf(damage, undefined, options) }
      const changes = last.isSameMapping
        ? customerChanges(last.portrait, sample.again)
        : { differences: [], restless: [] }
      const portrait = { ...drawn, restless: changes.restless }
      const differences = [
        ...(damage.length > 0 ? damage : damageDifferences(last.portrait, portrait)),
        ...(options.expectRows === undefined ? rowDifferences(last.portrait, portrait) : []),
        ...(last.isSameMapping ? fieldDifferences(last.portrait, portrait) : []),
        ...changes.differences,
      ]
      return { portrait, refusal: refusalOf(differences, last, options) }
    },
  }
}

function countsOf({ rows, calls, invalid, set, cleared }: Scan) {
  const counted = [...set].filter(([field]) => set.size <= mostFields || !field.startsWith('metadata.'))
  const filled = counted.map(([field, count]) => [field, count - (cleared.get(field) ?? 0)] as const)
  return { rows, calls, invalid, filled: Object.fromEntries(filled) }
}

/** Keys of metadata can be as many as there are rows. */
const mostFields = 200
/** More differences than these are told by their number. */
const mostTold = 3

function refusalOf(
  differences: readonly Difference[],
  last: EarlierRun | undefined,
  { acceptChange }: ResolvedOptions,
): BulkUpdateError | undefined {
  const accepted = new Set(acceptChange)
  // The first of each word tells enough.
  const words = [...new Set(differences.map(({ what }) => what))].filter((what) => !accepted.has(what))
  if (words.length === 0 || accepted.has('all')) return undefined
  const open = words.flatMap((word) => differences.find(({ what }) => what === word) ?? [])
  const more = open.length > mostTold ? `; and ${open.length - mostTold} more` : ''
  const told = open
    .slice(0, mostTold)
    .map(({ text }) => text)
    .join('; ')
  const when = last === undefined ? '' : ` (last time: run ${last.runId}, ${last.finishedAt.slice(0, 10)})`
  const argument = words.length > mostTold ? 'all' : words.join(',')
  return new BulkUpdateError(
    last === undefined ? 'E_DAMAGED_FILE' : 'E_UNLIKE_LAST',
    `this file is ${last === undefined ? 'damaged' : 'not like the one before it'}: ${told}${more}${when}`,
    `Look whether the export is whole. If it is meant as it is, run with --accept-change ${argument}. Nothing was sent.`,
  )
}
