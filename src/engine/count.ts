/** How many calls `--only-changed` will make, counted beside the scan: what is promised before it sends should be true. */
import { isOutcome } from '../model/outcome.ts'
import type { Examiner } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import type { Sync } from './open-sync.ts'
import type { DuplicatePolicy } from '../config/options.ts'

export interface ChangeCounter {
  /** An examiner that also counts, for which every row is read; `examiner` itself where nothing is compared. */
  beside(examiner: Examiner | undefined): Examiner | undefined
  /** The scan with the calls that are left. */
  calls(found: Scan): Scan
}

/** Where rows are left out or merged, the rows of the file say too little about the calls: all of them are counted. */
export function countChanges(sync: Sync | undefined, duplicates: DuplicatePolicy): ChangeCounter {
  const isPlain = duplicates === 'sequence' || duplicates === 'reject'
  if (sync?.isNight !== true || !isPlain) return { beside: (examiner) => examiner, calls: (found) => found }
  const { state, digests } = sync
  let unchanged = 0
  return {
    beside: (examiner) => ({
      begin: (row) => examiner?.begin(row),
      refused: (problems) => examiner?.refused(problems),
      warned: (code, field, message) => examiner?.warned(code, field, message),
      read(read) {
        examiner?.read(read)
        if (isOutcome(read)) return
        const known = state.known(read.customerId).digests
        const wanted = Object.entries(digests.of(read.customerId, serialisePatch(read.patch)))
        if (wanted.every(([field, digest]) => known[field] === digest)) unchanged++
      },
    }),
    calls: (found) => ({
      ...found,
      calls: Math.max(0, found.calls - unchanged),
      unchanged: found.unchanged + unchanged,
    }),
  }
}
