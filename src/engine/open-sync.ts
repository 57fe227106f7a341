/**
 * The sync state of a run: opened for `--only-changed`, and for every other run of an account that has one, because whatever
 * changes a customer has to be known tomorrow. The embedded simulator forgets, so it has none.
 */
import { accountFolder } from './account-folder.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { createFieldDigests } from '../rapyd/field-digests.ts'
import type { FieldDigests } from '../rapyd/field-digests.ts'
import type { Remote } from './remote.ts'
import { lockRun } from '../store/lock.ts'
import { exportNameOf } from './journal-words.ts'
import { hasSyncState } from '../store/sync-database.ts'
import { openSyncState } from '../store/sync-state.ts'
import type { SyncState } from '../store/sync-state.ts'
import type { Beginning } from './journal-words.ts'
import { findNewer, findRebuilding, rebuildState } from './rebuild.ts'
import { isOutcome } from '../model/outcome.ts'
import type { Examiner } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import type { DuplicatePolicy } from '../config/options.ts'

export interface Sync {
  readonly state: SyncState
  readonly digests: FieldDigests
  readonly beginning: Beginning
  /** True where rows are compared with the state; false where it is only kept true. */
  readonly isOnlyChanged: boolean
  /** True where the input is an export with all its customers, and not what an earlier one has left. */
  readonly isSyncRun: boolean
  /** Under which its customers are remembered: see `exportNameOf`. */
  readonly exportName: string
  close(): void
}

/** Entries of the state that are committed without waiting for more. */
const group = 128

/**
 * @throws BulkUpdateError USAGE: the state belongs to another account or key, or is lost and cannot be made again; BUSY: another
 * `--only-changed` of the account is under way
 */
export async function openSync(
  remote: Remote,
  options: ResolvedOptions,
  runsDir: string,
  isRedo: boolean,
): Promise<Sync | undefined> {
  const isOnlyChanged = options.onlyChanged
  const isSyncRun = isOnlyChanged && !isRedo
  if (options.env === 'simulator') {
    if (isSyncRun) throw noMemory()
    return undefined
  }
  const folder = accountFolder(remote, options.stateDir)
  if (!isSyncRun && !hasSyncState(folder)) return undefined
  const digests = createFieldDigests(remote.credentials.secretKey)
  const exportName = exportNameOf(options.input)
  const state = openStateOf(remote, folder, digests)
  // A refused sync leaves an empty state. Keeping it would hide that the state was lost.
  if (!isSyncRun && (state.steps === 0 || !(await isBroughtUp(state, remote, runsDir)))) {
    state.close()
    return undefined
  }
  let unlock: (() => void) | undefined
  try {
    if (isSyncRun) unlock = lockSyncRun(folder, () => state.noteSkipped(exportName, Date.now()))
    const own = { state, digests, exportName }
    const beginning = isSyncRun ? await beginningOf(own, remote, options.newState, runsDir) : 'joined'
    return {
      ...own,
      beginning,
      isOnlyChanged,
      isSyncRun,
      close() {
        unlock?.()
        state.close()
      },
    }
  } catch (error) {
    unlock?.()
    state.close()
    throw error
  }
}

export function openStateOf(
  { host, account }: Remote,
  folder: string,
  { keyCheck }: FieldDigests,
): SyncState {
  return openSyncState(folder, { host, account, keyCheck }, group)
}

/** False where the state is older than the journals and lacks more than they tell: a night has to say so, not hide it. */
async function isBroughtUp(state: SyncState, remote: Remote, runsDir: string): Promise<boolean> {
  try {
    const found = await findNewer(remote, state, runsDir)
    if (found !== undefined) await rebuildState(state, found)
    return true
  } catch (error) {
    if (error instanceof BulkUpdateError && error.code === 'E_STATE_LOST') return false
    throw error
  }
}

/** A state without steps is new, or one that was lost: then the journals say so, and it is made again from them. */
async function beginningOf(
  { state, digests, exportName }: Pick<Sync, 'state' | 'digests' | 'exportName'>,
  remote: Remote,
  isNewState: boolean,
  runsDir: string,
): Promise<Beginning> {
  if (state.steps === 0 && isNewState) return 'first'
  const found =
    state.steps > 0
      ? await findNewer(remote, state, runsDir)
      : await findRebuilding(remote, digests.keyCheck, runsDir, exportName)
  if (found === undefined) return state.steps > 0 ? 'known' : 'first'
  await rebuildState(state, found)
  return 'rebuilt'
}

/** One `--only-changed` of an account at a time, whatever its file. Throws BUSY where another is under way. */
export function lockSyncRun(folder: string, onBusy?: () => void): () => void {
  try {
    return lockRun(folder, 'with --only-changed')
  } catch (error) {
    if (!(error instanceof BulkUpdateError) || error.kind !== 'BUSY') throw error
    onBusy?.()
    throw new BulkUpdateError(
      'E_BUSY',
      `another run of this account is under way: ${error.message}`,
      'Wait until it ends; what changes until then is sent by the next one. rapyd-bulk state show lists nights that were skipped. Nothing was sent.',
      { cause: error },
    )
  }
}

function noMemory(): BulkUpdateError {
  return new BulkUpdateError(
    'E_OPTION_CONFLICT',
    '--only-changed needs a server that remembers, and the embedded simulator forgets',
    'Start one that stays with rapyd-bulk simulator, and name it with --base-url.',
  )
}

export interface ChangeCounter {
  /** An examiner that also counts, for which every row is read; `examiner` itself where nothing is compared. */
  beside(examiner: Examiner | undefined): Examiner | undefined
  /** The scan with the calls that are left. */
  calls(found: Scan): Scan
}

/** Where rows are left out or merged, the rows of the file say too little about the calls: all of them are counted. */
export function countChanges(sync: Sync | undefined, duplicates: DuplicatePolicy): ChangeCounter {
  const isPlain = duplicates === 'sequence' || duplicates === 'reject'
  if (sync?.isSyncRun !== true || !isPlain) return { beside: (examiner) => examiner, calls: (found) => found }
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
