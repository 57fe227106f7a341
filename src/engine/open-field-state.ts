/** The field state of a run's account: every run keeps it, and `--only-changed` compares rows with it. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { Remote } from '../http/ports.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { AccountId, Store } from '../model/store.ts'
import { createFieldDigests } from '../rapyd/field-digests.ts'
import { runFoldersIn } from '../store/run-directory.ts'

export type OnlyChanged = NonNullable<Awaited<ReturnType<typeof openFieldState>>>

/** A full path, because exports of one account may have the same name in different folders. */
export function exportNameOf(input: string): string {
  return input === '-' ? 'stdin' : resolve(input)
}

type AccountKeys = Pick<Remote, 'host' | 'account' | 'credentials'>

export function accountOf({ host, account, credentials }: AccountKeys) {
  const digests = createFieldDigests(credentials.secretKey)
  return { accountId: { host, account, keyCheck: digests.keyCheck }, digests }
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
) {
  const isOnlyChanged = options.onlyChanged
  const isExport = isOnlyChanged && !isRedo
  if (options.env === 'simulator') {
    if (isExport) throw errorOf('E_OPTION_CONFLICT', 'forgetful_server', { what: '--only-changed' })
    return undefined
  }
  const { accountId, digests } = accountOf(remote)
  const state = store.fieldState(accountId)
  const exportName = exportNameOf(options.input)
  /** True if nothing was known of the account before. */
  const isFirst = !(await state.exists())
  const opened = {
    accountId,
    state,
    digests,
    /** False if the state is only kept, and rows are not compared with it. */
    isOnlyChanged,
    /** True if the input is an export with all its customers, and not what an earlier one has left. */
    isExport,
    exportName,
    isFirst,
    /** True if what is known must not be relied on: every row is sent. */
    isNew: options.newState,
  }
  if (!isExport) return { ...opened, close: () => Promise.resolve() }
  await state.refuseUnusable(options.newState)
  if (isFirst && !options.newState) await refuseOtherAccount(store, accountId, exportName)
  if (!options.newState) await refuseLostState(store, opened, options.runsDir)
  try {
    return { ...opened, close: await store.holdExports(accountId) }
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
  throw errorOf('E_STATE_OTHER', 'other_account_state', {
    run: other.stored.id,
    before: other.stored.account,
    account,
  })
}

/**
 * Refuses a store that was lost, and an old copy of one with all its files: a folder shows a later run of the account that the
 * store does not know. What such a run has changed would be taken for unchanged.
 */
async function refuseLostState(
  store: Store,
  { accountId, state, isFirst }: Pick<OnlyChanged, 'accountId' | 'state' | 'isFirst'>,
  runsDir: string,
): Promise<void> {
  const acceptedAt = await state.acceptedAt()
  for (const directory of begunRuns(resolve(runsDir), acceptedAt)) {
    const known = await store.findRun(basename(directory))
    const isKnown = known?.stored.directory === directory
    if ((isKnown && (await store.lostSince(directory)) === undefined) || isOfOther(directory, accountId))
      continue
    await state.noteBehind()
    const what = isKnown ? 'all that was sent for this account' : 'all runs of this account'
    const knows = isFirst ? 'knows nothing of this account' : `does not know ${what}`
    throw errorOf('E_STATE_LOST', 'lost_state', { path: store.path, knows, directory })
  }
}

/**
 * Folders of runs that have begun to send, and have written to their log after `since` (milliseconds since 1970). Version 0.1 kept
 * the state of its runs elsewhere.
 */
function begunRuns(runsDir: string, since: number): readonly string[] {
  return runFoldersIn(runsDir).filter((directory) => {
    const log = statSync(join(directory, 'run.log'), { throwIfNoEntry: false })
    return log?.isFile() === true && log.mtimeMs > since && !existsSync(join(directory, 'journal.db'))
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
