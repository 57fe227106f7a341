/**
 * Which keys of metadata a row sends (`--metadata-keys`): all that the customer has, or its own. A run keeps what it began with, so a
 * probe in between changes nothing.
 */
import type { ResolvedOptions } from '../config/job-options.ts'
import { errorOf } from './errors.ts'
import { fieldOf } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'
import type { AccountFact, Store, StoredRun, Window } from '../model/store.ts'
import { isoTime } from '../report/format.ts'
import { createPace } from '../report/pace.ts'
import type { RunEvent } from '../report/run-log.ts'
import { parentOf, type JobFacts } from './record.ts'
import type { Remote } from '../http/ports.ts'
import type { MetadataPrice } from './watch.ts'

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
  /** The run, if the store knows it. */
  readonly known: StoredRun | undefined
  readonly job: JobFacts
  readonly scan: Scan
  readonly notify: (event: RunEvent) => void
}

/**
 * Throws USAGE: E_OPTION_CONFLICT if the run was begun with the other value; E_METADATA_UNREAD if rows need a reading, and customers may
 * not be read.
 */
export async function chooseMetadataKeys(parts: KeysParts): Promise<MetadataKeys> {
  const { store, remote, options, known, job, scan, notify } = parts
  const given = options.metadataKeys
  const kept = keysIn(known)
  if (kept !== undefined && given !== undefined && given !== kept)
    throw errorOf('E_OPTION_CONFLICT', 'other_keys', { kept, given })
  const parentId = parentOf(job)
  const parent = parentId === undefined ? undefined : (await store.findRun(parentId))?.stored
  // What a rollback sends is always made of a reading.
  const chosen = job.rollback !== undefined ? 'all' : (kept ?? given ?? keysIn(parent))
  const fact = options.env === 'simulator' ? undefined : await store.accountFact(remote, metadataFact)
  const keys = chosen ?? (fact?.value === 'merge' ? 'own' : 'all')
  if (![...scan.set.keys()].some((path) => fieldOf(path) === 'metadata')) return keys
  if (keys === 'all' && !options.readBack) throw errorOf('E_METADATA_UNREAD', 'unread_metadata')
  const text = fact === undefined ? undefined : describeFact(fact, keys)
  if (text !== undefined) notify({ kind: 'notice', text, isWarning: fact?.value === 'replace' })
  return keys
}

/** Returns undefined if it is known that the account replaces metadata, and all keys are sent. */
function describeFact({ value, customer, at }: AccountFact, keys: MetadataKeys): string | undefined {
  if (value === 'replace' && keys === 'all') return undefined
  const age = Date.now() - at > longestFactMs ? ', more than 90 days ago: repeat it' : ''
  const seen = `${value}s metadata, as the probe of ${customer} has shown on ${isoTime(at).slice(0, 10)}${age}`
  if (value === 'replace')
    return `This account ${seen}. --metadata-keys own deletes the keys that a row does not name.`
  const sent = keys === 'own' ? 'only their own keys' : 'all keys'
  return `This account ${seen}. Rows send ${sent} (--metadata-keys ${keys}).`
}

/** Undefined for a run of an earlier version. */
export function keysIn(run: Pick<StoredRun, 'note'> | undefined): MetadataKeys | undefined {
  const noted = run?.note(keysNote)
  return noted === 'all' || noted === 'own' ? noted : undefined
}

/** Reads before the update of a row, on average. */
export function readsPerCall({ metadataRows = 0, calls, leftOut = 0 }: Scan, keys: MetadataKeys): number {
  return keys === 'own' || calls === 0 ? 0 : Math.min(1, metadataRows / (calls + leftOut))
}

/** Returns undefined if no row has to be read. `limit` is a row number. */
export function priceOfKeys(
  scan: Scan,
  keys: MetadataKeys,
  { limit = Infinity, windows }: { readonly limit: number | undefined; readonly windows: readonly Window[] },
): MetadataPrice | undefined {
  const calls = Math.min(scan.calls, limit)
  const reads = readsPerCall(scan, keys)
  if (reads === 0) return undefined
  return { rows: Math.round(calls * reads), calls, etaMs: createPace(windows).etaMs(calls, 1 + reads) }
}
