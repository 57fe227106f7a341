/** `state`: shows, forgets or fills the field state of an account. */
import { resolveOptions } from '../config/job-options.ts'
import type { OptionsOf, UpdateOptions } from '../config/options.ts'
import { accountOf, exportNameOf } from '../engine/open-field-state.ts'
import { openGiven } from '../engine/open-input.ts'
import { withRemote } from '../engine/store-and-remote.ts'
import { asInterruption, signalOf } from '../engine/program-options.ts'
import { errorOf } from '../engine/errors.ts'
import { isOutcome } from '../model/row.ts'
import type { AccountId, ExportRun, FieldState, FieldStateCounts, Store } from '../model/store.ts'
import type { FieldDigests } from '../rapyd/field-digests.ts'
import { serialisePatch } from '../rapyd/requests.ts'
import { scanInput } from '../validation/scan.ts'

export type StateOptions = OptionsOf<'state'>

export interface StateFacts extends FieldStateCounts {
  readonly host: string
  readonly account: string
  /** Of the store. */
  readonly path: string
  /** The last run of each export, newest first. */
  readonly nights: readonly ExportRun[]
  /** Runs that were skipped because another was under way, newest first; ten at most. */
  readonly skipped: readonly { readonly export: string; readonly at: number }[]
}

interface OpenState {
  readonly store: Store
  readonly accountId: AccountId
  readonly state: FieldState
  readonly digests: FieldDigests
}

/** @throws BulkUpdateError USAGE, E_NO_STATE, if nothing is known of the account */
export function showState(options: StateOptions): Promise<StateFacts> {
  return withState(options, async ({ store, accountId, state }) => {
    await refuseNoState(state, accountId)
    await state.refuseUnusable()
    return {
      host: accountId.host,
      account: accountId.account,
      path: store.path,
      ...(await state.counts()),
      nights: await state.exports(),
      skipped: await state.skipped(),
    }
  })
}

/** Forgets one customer, or all without `customer`. What is forgotten is sent again. Resolves with the number of customers. */
export function forgetState(options: StateOptions, customer?: string): Promise<number> {
  return whileHeld(options, async ({ state, accountId }) => {
    await refuseNoState(state, accountId)
    return state.forget(customer)
  })
}

/** The account's state, for as long as `action` takes. */
function withState<Result>(
  options: StateOptions,
  action: (open: OpenState) => Promise<Result>,
): Promise<Result> {
  return withRemote(options, signalOf({}), ({ store, remote }) => {
    const { accountId, digests } = accountOf(remote)
    return action({ store, accountId, state: store.fieldState(accountId), digests })
  })
}

/** While no run with `--only-changed` is under way. Throws BUSY if one is. */
function whileHeld<Result>(
  options: StateOptions,
  action: (open: OpenState) => Promise<Result>,
): Promise<Result> {
  return withState(options, async (open) => {
    const release = await open.store.holdExports(open.accountId)
    try {
      return await action(open)
    } finally {
      await release()
    }
  })
}

async function refuseNoState(state: FieldState, { host, account }: AccountId): Promise<void> {
  if (await state.exists()) return
  throw errorOf('E_NO_STATE', 'no_state', { account, host })
}

type BaselineOptions = OptionsOf<'state'> & Pick<UpdateOptions, 'input'>

export interface Baseline {
  /** Rows that were taken as applied. */
  readonly rows: number
  /** Invalid rows, which were not. */
  readonly invalid: number
}

/** @throws BulkUpdateError as `update` if the file cannot be trusted; BUSY if a run with `--only-changed` is under way */
export async function baselineState(asGiven: BaselineOptions, signal: AbortSignal): Promise<Baseline> {
  const options = resolveOptions(asGiven)
  const { input, given } = await openGiven(options, signal)
  try {
    const { refusal, scan, openRows, readRow } = await scanInput({ ...given, signal })
    if (refusal !== undefined) throw refusal
    return await whileHeld(options, async ({ state, digests }) => {
      await state.forgetIfBehind()
      let rows = 0
      for await (const batch of openRows()) {
        signal.throwIfAborted()
        const confirmed = batch.flatMap((row) => {
          const read = readRow(row)
          if (isOutcome(read)) return []
          const { customerId, patch } = read
          return [{ customerId, digests: digests.of(customerId, serialisePatch(patch)) }]
        })
        await state.confirm(confirmed)
        const ids = confirmed.map(({ customerId }) => customerId)
        await state.see(exportNameOf(options.input), 'baseline', ids)
        rows += confirmed.length
      }
      await state.accept()
      return { rows, invalid: scan.invalid }
    })
  } catch (error) {
    throw asInterruption(error, signal)
  } finally {
    await input.close()
  }
}
