/** The first pass of a run: rows whose bytes show that there is nothing to see in them are counted, and the others read. */
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import { canTakeBytes } from '../input/rows-to-read.ts'
import { planHeader } from '../mapping/column-plans.ts'
import type { Mapping } from '../mapping/compiled-mapping.ts'
import type { UpdateOptions } from '../options.ts'
import type { Examiner } from '../pipeline/ports.ts'
import { countingPass } from '../plain-rows/counting-pass.ts'
import type { CountingPass } from '../plain-rows/counting-pass.ts'
import { openPlainRows } from '../plain-rows/open-plain-rows.ts'
import type { PlainRows } from '../plain-rows/plain-rows.ts'
import { rulesOf } from '../prepare.ts'
import type { CountedCustomers } from '../store/counted-customers.ts'

export interface FirstPassParts {
  readonly file: InputFile
  readonly head: Head
  readonly options: UpdateOptions
  readonly mapping: Mapping | undefined
  readonly examiner?: Examiner | undefined
}

/** Throws INPUT errors where the header cannot be matched. */
export function openFirstPass(parts: FirstPassParts, customers: CountedCustomers): CountingPass {
  return countingPass(parts.file, parts.head, customers, plainRowsOf(parts, customers))
}

function plainRowsOf(
  { head, options, mapping, examiner }: FirstPassParts,
  customers: CountedCustomers,
): PlainRows | undefined {
  const wantsAll = examiner !== undefined && examiner.passes === undefined
  if (wantsAll || head.format !== 'csv' || !canTakeBytes(head)) return undefined
  const rules = rulesOf(options)
  return openPlainRows({
    plans: planHeader(head.header, options.ignoreColumns ?? [], mapping, rules),
    constants: mapping?.constants ?? [],
    rules,
    customers,
    // A scan tells of each doubt where the first row is.
    timesTold: 1,
    year: new Date().getUTCFullYear(),
    passes: examiner?.passes,
  })
}
