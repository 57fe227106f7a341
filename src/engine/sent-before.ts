/**
 * Rows that earlier runs of the account have sent. Addresses and coupons add up if they are sent again, so such rows stop the run
 * before it sends; others are only counted.
 */
import { countUp } from '../model/collections.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { isOutcome } from '../model/row.ts'
import type { PatchedRow, Digests } from '../model/row.ts'
import type { KnownFields, SentFields } from '../model/store.ts'
import { addingUp } from '../rapyd/operations.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import { formatCount, formatRows } from '../report/format.ts'
import type { CheckedInput } from '../validation/input-parts.ts'
import type { OnlyChanged } from './open-field-state.ts'

/**
 * Returns a line about rows that hold only what Rapyd has confirmed before; undefined if there are none. `isAllowed`: they are sent
 * whatever they hold.
 *
 * @throws BulkUpdateError USAGE, E_SENT_BEFORE
 */
export async function examineRepeats(
  { openRows, readRow, found }: Pick<CheckedInput, 'openRows' | 'readRow' | 'found'>,
  { state, digests }: Pick<OnlyChanged, 'state' | 'digests'>,
  { isAllowed, signal }: { readonly isAllowed: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const addedBy = new Map<string, number>()
  let repeated = 0
  for await (const rows of openRows()) {
    signal.throwIfAborted()
    const reads = rows.flatMap((row) => {
      const read = readRow(row)
      return isOutcome(read) ? [] : [read]
    })
    const customers = reads.map(({ customerId }) => customerId)
    const known = await state.get(customers)
    const sent = found.addingUp === undefined ? [] : await state.sentBefore(customers)
    reads.forEach((read, index) => {
      const wanted = digests.of(read.customerId, serialisePatch(read.patch))
      const run = runThatAdded(read, wanted, known[index], sent[index])
      if (run !== undefined) countUp(addedBy, run)
      else if (Object.entries(wanted).every(([field, digest]) => known[index]?.digests[field] === digest))
        repeated++
    })
  }
  if (!isAllowed) refuseAdded(addedBy, found.rows)
  if (repeated === 0) return undefined
  const some = `${formatCount(repeated)} of ${formatRows(found.rows)}`
  return `${some} hold only what Rapyd has confirmed before (W_SENT_BEFORE): --only-changed leaves them out.`
}

/** A run that has set one of the row's fields that add up to the same value. Empty if it was deleted since. */
function runThatAdded(
  { patch }: PatchedRow,
  wanted: Digests,
  known: KnownFields | undefined,
  sent: readonly SentFields[] = [],
): string | undefined {
  const fields = addingUp(patch)
  const isSame = (digests: Digests | undefined): boolean =>
    fields.some((field) => digests?.[field] !== undefined && digests[field] === wanted[field])
  return sent.find(({ digests }) => isSame(digests))?.run ?? (isSame(known?.digests) ? '' : undefined)
}

function refuseAdded(addedBy: ReadonlyMap<string, number>, rows: number): void {
  const [first] = [...addedBy].toSorted(([, one], [, other]) => other - one)
  if (first === undefined) return
  const [run] = first
  const added = addedBy.values().reduce((sum, count) => sum + count, 0)
  const others = addedBy.size > 1 ? ' and others' : ''
  const redo = run === '' ? '' : `rapyd-bulk redo ${run} sends what that run has left; `
  throw new BulkUpdateError(
    'E_SENT_BEFORE',
    `${formatCount(added)} of ${formatRows(rows)} ${rows === 1 ? 'was' : 'were'} confirmed by ${run === '' ? 'an earlier run' : `run ${run}`}${others}: sent again, their addresses or coupons add up`,
    `${redo}--only-changed leaves out what Rapyd has confirmed; --allow-repeat sends all of it again. Nothing was sent.`,
  )
}
