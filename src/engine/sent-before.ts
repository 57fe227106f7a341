/**
 * Rows that earlier runs of the account have sent, found in the scan. `--only-changed` leaves out what is confirmed. Without it,
 * addresses and coupons add up if they are sent again, so such rows stop the run before it sends; others are only counted.
 */
import { countUp } from '../model/collections.ts'
import { errorOf } from './errors.ts'
import type { PatchedRow, Digests } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'
import type { KnownFields, SentFields } from '../model/store.ts'
import { shellWord } from '../model/text.ts'
import { addingUp } from '../rapyd/operations.ts'
import { isRepeatable, serialisePatch } from '../rapyd/requests.ts'
import { formatCount, formatRows } from '../report/format.ts'
import type { OnlyChanged } from './open-field-state.ts'

/** `mayRepeat`: a new run whose rows must not be those of an earlier one. */
export function createRepeatCheck(fieldState: OnlyChanged, mayRepeat: boolean) {
  const { state, digests, isOnlyChanged, isFirst } = fieldState
  const isLeavingOut = fieldState.isExport && !fieldState.isNew
  const isRefusing = mayRepeat && !isFirst && !isOnlyChanged
  const addedBy = new Map<string, number>()
  let isUncertain = false
  let [held, damaged] = [0, 0]

  async function compare(rows: readonly PatchedRow[]): Promise<void> {
    const customers = rows.map(({ customerId }) => customerId)
    const known = await state.get(customers)
    const mayAdd = isRefusing && rows.some(({ patch }) => !isRepeatable(patch))
    const sent = mayAdd ? await state.sentBefore(customers) : []
    rows.forEach((row, index) => {
      if (isLeavingOut && known[index]?.isDamaged === true) damaged++
      const wanted = digests.of(row.customerId, serialisePatch(row.patch))
      const found = isRefusing ? runThatAdded(row, wanted, known[index], sent[index]) : undefined
      isUncertain ||= found?.isOtherKey === true
      if (found !== undefined) countUp(addedBy, found.run)
      else if (Object.entries(wanted).every(([field, digest]) => known[index]?.digests[field] === digest))
        held++
    })
  }

  return {
    /** Gets the rows that would be sent. Undefined if nothing is compared. */
    onCalls: isLeavingOut || isRefusing ? compare : undefined,
    /** A warning about what is known and damaged; undefined if nothing is. `path`: of the store. */
    damagedText(path: string): string | undefined {
      if (damaged === 0) return undefined
      const some = `what it knows of ${formatRows(damaged)} is not as it was written`
      return `The store ${path} is damaged: ${some}. They are sent, and read first if they could add up. Look at it with: rapyd-bulk store check --store=${shellWord(path)}`
    },
    /** The scan with the calls that are left. */
    leftOf: (found: Scan): Scan =>
      isLeavingOut && held > 0
        ? { ...found, calls: found.calls - held, leftOut: held, unchanged: found.unchanged + held }
        : found,
    /**
     * Returns a line about rows that hold only what Rapyd has confirmed before; undefined if there are none. `isAllowed`: they are sent
     * whatever they hold. Throws USAGE, E_SENT_BEFORE.
     */
    examine({ rows }: Scan, isAllowed: boolean): string | undefined {
      if (!isAllowed) refuseAdded(addedBy, isUncertain, rows)
      if (isLeavingOut || held === 0) return undefined
      const some = `${formatCount(held)} of ${formatRows(rows)}`
      return `${some} hold only what Rapyd has confirmed before (W_SENT_BEFORE): --only-changed leaves them out.`
    },
  }
}

/** A run that has set one of the row's fields that add up to the same value, or may have. Its id is empty if it was deleted since. */
function runThatAdded(
  { patch }: PatchedRow,
  wanted: Digests,
  known: KnownFields | undefined,
  sent: readonly SentFields[] = [],
): Pick<SentFields, 'run' | 'isOtherKey'> | undefined {
  const fields = addingUp(patch)
  const isSame = (digests: Digests | undefined, isOtherKey = false): boolean =>
    fields.some((field) => digests?.[field] !== undefined && (isOtherKey || digests[field] === wanted[field]))
  const found = sent.find(({ digests, isOtherKey }) => isSame(digests, isOtherKey))
  return found ?? (isSame(known?.digests) ? { run: '', isOtherKey: false } : undefined)
}

function refuseAdded(addedBy: ReadonlyMap<string, number>, isUncertain: boolean, rows: number): void {
  const [first] = [...addedBy].toSorted(([, one], [, other]) => other - one)
  if (first === undefined) return
  const [run] = first
  const added = addedBy.values().reduce((sum, count) => sum + count, 0)
  const others = `${addedBy.size > 1 ? ' and others' : ''}${isUncertain ? ', with another secret key' : ''}`
  const were = isUncertain ? 'may have been' : rows === 1 ? 'was' : 'were'
  const redo = run === '' ? '' : `rapyd-bulk redo ${run} sends what that run has left; `
  throw errorOf('E_SENT_BEFORE', 'sent_before', {
    added: formatCount(added),
    rows: formatRows(rows),
    were,
    run: run === '' ? 'an earlier run' : `run ${run}`,
    others,
    redo,
  })
}
