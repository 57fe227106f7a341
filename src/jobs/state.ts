/** `state`: what is known of an account's customers for `--only-changed`, to look at, correct, make again, or begin with. */
import { resolve } from 'node:path'
import { accountFolder } from '../engine/account-folder.ts'
import { resolveOptions } from '../config/job-options.ts'
import type { OptionsOf, UpdateOptions } from '../config/options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { createFieldDigests } from '../rapyd/field-digests.ts'
import type { FieldDigests } from '../rapyd/field-digests.ts'
import { openRemote } from '../engine/remote.ts'
import type { Remote } from '../engine/remote.ts'
import { hasSyncState, syncPath } from '../store/sync-database.ts'
import type { Night } from '../store/sync-runs.ts'
import type { StateCounts, SyncState } from '../store/sync-state.ts'
import { lockSyncRun, openStateOf } from '../engine/open-sync.ts'
import { takeStep } from '../engine/last-step.ts'
import { findRebuilding, rebuildState } from '../engine/rebuild.ts'
import { isOutcome } from '../model/outcome.ts'
import { checkInput } from '../validation/scan.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import { openGiven } from '../engine/open-input.ts'
import { exportNameOf } from '../engine/journal-words.ts'

export type StateOptions = OptionsOf<'state'>

export interface StateFacts extends StateCounts {
  readonly host: string
  readonly account: string
  readonly path: string
  /** The last night of each export, newest first. */
  readonly nights: readonly Night[]
  /** Nights that were skipped because another was under way, newest first; ten at most. */
  readonly skipped: readonly { readonly export: string; readonly at: number }[]
}

interface OpenState {
  readonly state: SyncState
  readonly digests: FieldDigests
  readonly facts: () => StateFacts
}

/** @throws BulkUpdateError USAGE, E_NO_STATE, where the account has none */
export function showState(options: StateOptions): Promise<StateFacts> {
  return withRemote(options, (remote, folder) => {
    if (!hasSyncState(folder)) throw noState(remote)
    return withState(remote, folder, ({ facts }) => facts())
  })
}

/** Forgets one customer, or without `customer` everything: what is forgotten is sent again. Gives how many customers that were. */
export function forgetState(options: StateOptions, customer?: string): Promise<number> {
  return withRemote(options, (remote, folder) => {
    if (!hasSyncState(folder)) throw noState(remote)
    return whileLocked(remote, folder, ({ state, digests }) => {
      // No journal tells it, so the state cannot be made again as it is now.
      takeStep(state, { host: remote.host, account: remote.account, keyCheck: digests.keyCheck })
      return state.forgetAll(Date.now(), customer)
    })
  })
}

/**
 * Makes the state again from the journals in `runsDir`: in place, because runs that keep it may be under way.
 *
 * @throws BulkUpdateError USAGE: E_STATE_LOST or E_STATE_OTHER, where the journals do not tell all; E_NO_STATE, where there is none
 */
export function remakeState(options: StateOptions): Promise<StateFacts> {
  return withRemote(options, async (remote, folder) => {
    const { keyCheck } = createFieldDigests(remote.credentials.secretKey)
    const found = await findRebuilding(remote, keyCheck, resolve(resolveOptions(options).runsDir))
    if (found === undefined) throw noState(remote)
    return whileLocked(remote, folder, async ({ state, facts }) => {
      await rebuildState(state, found)
      return facts()
    })
  })
}

/** The account's remote and its folder, for as long as `action` takes. */
export async function withRemote<Result>(
  options: StateOptions,
  action: (remote: Remote, folder: string) => Result | Promise<Result>,
): Promise<Result> {
  const remote = await openRemote(resolveOptions(options))
  try {
    return await action(remote, accountFolder(remote, options.stateDir))
  } finally {
    await remote.close()
  }
}

/** The state, while no `--only-changed` is under way. Throws BUSY where one is. */
export function whileLocked<Result>(
  remote: Remote,
  folder: string,
  action: (open: OpenState) => Result | Promise<Result>,
): Promise<Result> {
  return withState(remote, folder, async (open) => {
    const unlock = lockSyncRun(folder)
    try {
      return await action(open)
    } finally {
      unlock()
    }
  })
}

async function withState<Result>(
  remote: Remote,
  folder: string,
  action: (open: OpenState) => Result | Promise<Result>,
): Promise<Result> {
  const { host, account, credentials } = remote
  const digests = createFieldDigests(credentials.secretKey)
  const state = openStateOf(remote, folder, digests)
  try {
    const facts = (): StateFacts => ({
      host,
      account,
      path: syncPath(folder),
      ...state.counts(),
      nights: state.nights(),
      skipped: state.skipped(),
    })
    return await action({ state, digests, facts })
  } finally {
    state.close()
  }
}

function noState({ host, account }: Remote) {
  return new BulkUpdateError(
    'E_NO_STATE',
    `there is no sync state of account ${account} on ${host}, and no run to make it of`,
    'It is made by update --only-changed, or by state baseline <file>. Runs elsewhere are found with --runs-dir, states with --state-dir.',
  )
}

type BaselineOptions = OptionsOf<'state'> & Pick<UpdateOptions, 'input'>

export interface Baseline {
  /** Rows that were taken as applied. */
  readonly rows: number
  /** Invalid rows, which were not. */
  readonly invalid: number
}

/** @throws BulkUpdateError as `update` where the file cannot be trusted; BUSY where a run with `--only-changed` is under way */
export async function baselineState(asGiven: BaselineOptions, signal: AbortSignal): Promise<Baseline> {
  const options = resolveOptions(asGiven)
  const { runsDir, input, given } = await openGiven(options, signal)
  try {
    const { refusal, found, openRows, readRow } = await checkInput({ ...given, onInvalid: () => {}, signal })
    if (refusal !== undefined) throw refusal
    return await withRemote(options, (remote, folder) =>
      whileLocked(remote, folder, async ({ state, digests }) => {
        // No journal tells it, so the state cannot be made again as it is now.
        takeStep(state, { host: remote.host, account: remote.account, keyCheck: digests.keyCheck }, runsDir)
        state.beginSending('')
        const at = Date.now()
        let rows = 0
        for await (const batch of openRows()) {
          signal.throwIfAborted()
          const patches = batch.flatMap((row) => {
            const read = readRow(row)
            return isOutcome(read) ? [] : [read]
          })
          state.confirmAll(
            patches.map(({ customerId, patch }) => ({
              customerId,
              digests: digests.of(customerId, serialisePatch(patch)),
              at,
            })),
          )
          const ids = patches.map(({ customerId }) => customerId)
          state.see(exportNameOf(options.input), 'baseline', ids)
          rows += patches.length
        }
        return { rows, invalid: found.invalid }
      }),
    )
  } finally {
    await input.close()
  }
}
