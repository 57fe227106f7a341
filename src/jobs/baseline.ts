/** `state baseline`: takes a file as already applied, without a call, so that the first night sends only what has changed since. */
import { isOutcome } from '../model/outcome.ts'
import { checkInput } from '../validation/scan.ts'
import { resolveOptions } from '../config/job-options.ts'
import type { OptionsOf, UpdateOptions } from '../config/options.ts'
import { bodyOfPatch } from '../rapyd/update-customer.ts'
import { openGiven } from '../engine/open-given.ts'
import { takeStep } from '../engine/last-step.ts'
import { whileLocked, withRemote } from './state.ts'
import { exportNameOf } from '../engine/journal-words.ts'

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
              digests: digests.of(customerId, bodyOfPatch(patch)),
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
