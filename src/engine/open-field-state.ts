/** The field state of a run's account: every run keeps it, and `--only-changed` compares rows with it. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { DuplicatePolicy } from '../config/options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import { isOutcome } from '../model/row.ts'
import type { Digests } from '../model/row.ts'
import type { Examiner, Source } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import type { AccountId, FieldState, Store } from '../model/store.ts'
import { createFieldDigests } from '../rapyd/field-digests.ts'
import type { FieldDigests } from '../rapyd/field-digests.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import type { Credentials } from '../rapyd/signature.ts'

export interface OnlyChanged {
  readonly owner: AccountId
  readonly state: FieldState
  readonly digests: FieldDigests
  /** False if the state is only kept, and rows are not compared with it. */
  readonly isOnlyChanged: boolean
  /** True if the input is an export with all its customers, and not what an earlier one has left. */
  readonly isExport: boolean
  /** The name of the export: see `exportNameOf`. */
  readonly exportName: string
  /** True if nothing was known of the account before. */
  readonly isFirst: boolean
  /** True if what is known must not be relied on: every row is sent. */
  readonly isNew: boolean
  close(): Promise<void>
}

/** A full path, because exports of one account may have the same name in different folders. */
export function exportNameOf(input: string): string {
  return input === '-' ? 'stdin' : resolve(input)
}

/** Where a run sends, and with which keys. */
interface AccountKeys extends Omit<AccountId, 'keyCheck'> {
  readonly credentials: Credentials
}

export function accountOf({
  host,
  account,
  credentials,
}: AccountKeys): Pick<OnlyChanged, 'owner' | 'digests'> {
  const digests = createFieldDigests(credentials.secretKey)
  return { owner: { host, account, keyCheck: digests.keyCheck }, digests }
}

/**
 * Returns undefined at the embedded simulator, which forgets.
 *
 * @throws BulkUpdateError for `--only-changed`. USAGE: E_STATE_OTHER, E_STATE_LOST; BUSY if another such run of the account is under way
 */
export async function openFieldState(
  store: Store,
  remote: AccountKeys,
  options: ResolvedOptions,
  isRedo: boolean,
): Promise<OnlyChanged | undefined> {
  const isOnlyChanged = options.onlyChanged
  const isExport = isOnlyChanged && !isRedo
  if (options.env === 'simulator') {
    if (isExport) throw forgetfulServer('--only-changed')
    return undefined
  }
  const { owner, digests } = accountOf(remote)
  const state = store.fieldState(owner)
  const exportName = exportNameOf(options.input)
  const isFirst = !(await state.exists())
  const isNew = options.newState
  const opened = { owner, state, digests, isOnlyChanged, isExport, exportName, isFirst, isNew }
  if (!isExport) return { ...opened, close: () => Promise.resolve() }
  await state.refuseUnusable(options.newState)
  if (isFirst && !options.newState) await refuseOtherAccount(store, owner, exportName)
  if (!options.newState) await refuseLostState(store, opened, options.runsDir)
  try {
    return { ...opened, close: await store.holdExports(owner) }
  } catch (error) {
    if (error instanceof BulkUpdateError && error.kind === 'BUSY') await state.noteSkipped(exportName)
    throw error
  }
}

/** Refuses an account without a state if the export belongs to another account: everything would be sent. */
async function refuseOtherAccount(
  store: Store,
  { host, account }: AccountId,
  exportName: string,
): Promise<void> {
  const runs = await store.runs()
  const other = runs.find(({ stored }) => stored.host === host && stored.note('export') === exportName)
  if (other === undefined || other.stored.account === account) return
  throw new BulkUpdateError(
    'E_STATE_OTHER',
    `run ${other.stored.id} sent this export for account ${other.stored.account}, and this is ${account}: nothing is known of it`,
    wayOut,
  )
}

/**
 * Refuses a store that was lost, and an old copy of one with all its files: a folder shows a later run of the account that the
 * store does not know. What such a run has changed would be taken for unchanged.
 */
async function refuseLostState(
  store: Store,
  { owner, state, isFirst }: Omit<OnlyChanged, 'close'>,
  runsDir: string,
): Promise<void> {
  const acceptedAt = await state.acceptedAt()
  for (const directory of begunRuns(resolve(runsDir), acceptedAt)) {
    const known = await store.findRun(basename(directory))
    if (known?.stored.directory === directory || isOfOther(directory, owner)) continue
    await state.noteBehind()
    const knows = isFirst ? 'knows nothing of this account' : 'does not know all runs of this account'
    throw new BulkUpdateError(
      'E_STATE_LOST',
      `the store ${store.path} ${knows}, and ${directory} shows that there was a run`,
      `Name the store of that run with --store. ${wayOut}`,
    )
  }
}

const wayOut =
  'Take what was sent last as applied with rapyd-bulk state baseline <last file>, or send everything once with --new-state. Nothing was sent.'

/**
 * Folders of runs that have begun to send, and have written to their log after `since` (milliseconds since 1970). Version 0.1 kept
 * the state of its runs elsewhere.
 */
function begunRuns(runsDir: string, since: number): readonly string[] {
  if (!existsSync(runsDir)) return []
  return readdirSync(runsDir)
    .map((name) => join(runsDir, name))
    .filter((directory) => {
      const log = join(directory, 'run.log')
      const found = existsSync(log) ? statSync(log) : undefined
      const isFormer = existsSync(join(directory, 'journal.db'))
      return found?.isFile() === true && found.mtimeMs > since && !isFormer
    })
}

/** A line that is longer than 4 KB is cut. */
function firstLineOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(4_096)
    const text = bytes.toString('utf8', 0, readSync(file, bytes))
    return text.split('\n', 1)[0] ?? ''
  } finally {
    closeSync(file)
  }
}

/** True if the log of a run begins with another account. */
function isOfOther(directory: string, { host, account }: AccountId): boolean {
  const found = parseJson(firstLineOf(join(directory, 'run.log')))
  if (!isJsonObject(found) || typeof found['account'] !== 'string') return false
  return found['host'] !== host || found['account'] !== account
}

export function forgetfulServer(what: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_OPTION_CONFLICT',
    `${what} needs a server that remembers, and the embedded simulator forgets`,
    'Start one that stays with rapyd-bulk simulator, and name it with --base-url.',
  )
}

export interface ChangeCounter extends Examiner {
  /** Wraps the source of the scan: rows are compared a batch at a time. */
  around(source: Source): Source
  /** The scan with the calls that are left. */
  calls(found: Scan): Scan
}

/** If `duplicates` leaves out or merges rows, the calls cannot be told from single rows, so all of them are counted. */
export function countChanges(
  fieldState: OnlyChanged | undefined,
  duplicates: DuplicatePolicy,
): ChangeCounter {
  const isPlain = duplicates === 'sequence' || duplicates === 'reject'
  if (fieldState?.isExport !== true || fieldState.isNew || !isPlain)
    return { row: () => {}, around: (source) => source, calls: (found) => found }
  const { state, digests } = fieldState
  let waiting: { readonly customerId: string; readonly wanted: Digests }[] = []
  let unchanged = 0

  async function compare(): Promise<void> {
    const batch = waiting
    waiting = []
    const known = await state.get(batch.map(({ customerId }) => customerId))
    batch.forEach(({ wanted }, index) => {
      const held = known[index]?.digests ?? {}
      if (Object.entries(wanted).every(([field, digest]) => held[field] === digest)) unchanged++
    })
  }

  return {
    row(_, read) {
      if (isOutcome(read)) return
      const { customerId, patch } = read
      waiting.push({ customerId, wanted: digests.of(customerId, serialisePatch(patch)) })
    },
    async *around(source) {
      for await (const rows of source) {
        yield rows
        await compare()
      }
    },
    calls: (found) => ({
      ...found,
      calls: Math.max(0, found.calls - unchanged),
      leftOut: Math.min(found.calls, unchanged),
      unchanged: found.unchanged + unchanged,
    }),
  }
}
