/**
 * Which keys of metadata a row sends (`--metadata-keys`): all that the customer has, or its own. A run keeps what it began with, so a
 * probe in between changes nothing.
 */
import type { ResolvedOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { fieldOf } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'
import type { Store, StoredRun, Window } from '../model/store.ts'
import { isoTime } from '../report/format.ts'
import { createPace } from '../report/pace.ts'
import type { Notice } from './notices.ts'
import type { Remote } from './remote.ts'

export type MetadataKeys = NonNullable<ResolvedOptions['metadataKeys']>

/** The note of a run. */
export const keysNote = 'metadata_keys'
/** What the probe has found: `merge` or `replace`. */
export const metadataFact = 'metadata'

/** A result of the probe that is older is mentioned. */
const longestFactMs = 90 * 86_400_000

export interface KeysParts {
  readonly store: Store
  readonly remote: Remote
  readonly options: ResolvedOptions
  /** The run, and the run whose rows it sends again, if the store knows them. */
  readonly known: StoredRun | undefined
  readonly parent: StoredRun | undefined
  readonly isRollback: boolean
}

/** Throws USAGE, E_OPTION_CONFLICT, if the run was begun with the other value. */
export async function chooseMetadataKeys(
  parts: KeysParts,
): Promise<{ readonly keys: MetadataKeys; readonly notices: readonly Notice[] }> {
  const { options, known, parent } = parts
  const given = options.metadataKeys
  const kept = keysIn(known)
  if (kept !== undefined && given !== undefined && given !== kept) throw otherKeys(given, kept)
  // What a rollback sends is always made of a reading.
  const chosen = parts.isRollback ? 'all' : (kept ?? given ?? keysIn(parent))
  if (options.env === 'simulator') return { keys: chosen ?? 'all', notices: [] }
  const fact = await parts.store.accountFact(parts.remote, metadataFact)
  if (fact === undefined) return { keys: chosen ?? 'all', notices: [] }
  const keys = chosen ?? (fact.value === 'merge' ? 'own' : 'all')
  const ageMs = Date.now() - fact.at
  const age = ageMs > longestFactMs ? ', more than 90 days ago: repeat it' : ''
  const found = `as the probe of ${fact.customer} has shown on ${isoTime(fact.at).slice(0, 10)}${age}`
  const text =
    fact.value === 'merge'
      ? `This account merges metadata, ${found}. Rows send ${keys === 'own' ? 'only their own keys' : 'all keys'} (--metadata-keys ${keys}).`
      : `This account replaces metadata, ${found}.`
  if (fact.value === 'merge') return { keys, notices: [{ text, isWarning: false }] }
  const lost = ' --metadata-keys own deletes the keys that a row does not name.'
  return { keys, notices: keys === 'own' ? [{ text: text + lost, isWarning: true }] : [] }
}

/** Undefined for a run of an earlier version. */
export function keysIn(run: Pick<StoredRun, 'note'> | undefined): MetadataKeys | undefined {
  const noted = run?.note(keysNote)
  return noted === 'all' || noted === 'own' ? noted : undefined
}

/** Throws USAGE, E_METADATA_UNREAD, if customers with metadata may not be read, and rows need that. */
export function refuseUnreadMetadata(found: Scan, keys: MetadataKeys, { readBack }: ResolvedOptions): void {
  const hasMetadata = [...found.set.keys()].some((path) => fieldOf(path) === 'metadata')
  if (readBack || keys === 'own' || !hasMetadata) return
  throw new BulkUpdateError(
    'E_METADATA_UNREAD',
    'rows with metadata send all keys of their customer, which --no-read-back forbids to read',
    'Leave --no-read-back out. If this account is known to merge metadata, add --metadata-keys own. Nothing was sent.',
    { kind: 'USAGE' },
  )
}

/** Reads before the update of a row, on average. */
export function readsPerCall({ metadataRows = 0, calls, leftOut = 0 }: Scan, keys: MetadataKeys): number {
  return keys === 'own' || calls === 0 ? 0 : Math.min(1, metadataRows / (calls + leftOut))
}

/** What reading costs before rows with metadata are sent. */
export interface MetadataPrice {
  readonly rows: number
  /** Without the reads. */
  readonly calls: number
  /** With them; undefined if the rate is not limited. */
  readonly etaMs: number | undefined
}

/** Returns undefined if no row has to be read. `limit` is a row number. */
export function priceOfKeys(
  found: Scan,
  keys: MetadataKeys,
  { limit = Infinity, windows }: { readonly limit: number | undefined; readonly windows: readonly Window[] },
): MetadataPrice | undefined {
  const calls = Math.min(found.calls, limit)
  const reads = readsPerCall(found, keys)
  if (reads === 0) return undefined
  return { rows: Math.round(calls * reads), calls, etaMs: createPace(windows).etaMs(calls, 1 + reads) }
}

function otherKeys(given: MetadataKeys, kept: MetadataKeys): BulkUpdateError {
  return new BulkUpdateError(
    'E_OPTION_CONFLICT',
    `this run was begun with --metadata-keys ${kept}, not ${given}`,
    'Finish it so, or begin another with --new-run. Nothing was sent.',
  )
}
