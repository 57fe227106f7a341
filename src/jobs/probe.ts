/** `probe`: finds out on one customer whether the account merges metadata or replaces it, and shows what was found. */
import { resolveOptions } from '../config/job-options.ts'
import type { Resolved } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { metadataFact } from '../engine/metadata-keys.ts'
import { forgetfulServer } from '../engine/open-field-state.ts'
import { finishProbe, probeCustomer } from '../engine/probe.ts'
import type { ProbeParts } from '../engine/probe.ts'
import { asInterruption, signalOf } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { openRemote } from '../engine/remote.ts'
import type { Remote } from '../engine/remote.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { AccountFact, Store } from '../model/store.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { withStore } from '../store/open-store.ts'

export interface ProbeFacts {
  readonly host: string
  readonly account: string
  /** Undefined if nothing is known. */
  readonly metadata: AccountFact | undefined
}

export interface ProbeWatch extends Stoppable {
  readonly onEvent?: ProbeParts['tell']
  /** Called before anything is sent; throws to refuse. */
  readonly confirm?: (facts: { readonly host: string; readonly account: string }) => Promise<void>
}

/** Shows what the store knows of the account. Sends nothing. */
export function showProbe(options: OptionsOf<'probe'>): Promise<ProbeFacts> {
  return withRemote(options, ({ store, remote }) => factsOf(store, remote))
}

/** @throws BulkUpdateError USAGE for a customer that will not do; REMOTE if nothing was seen, or keys could not be written back */
export function probe(
  { customer, ...options }: OptionsOf<'probe'> & { readonly customer: string },
  watch: ProbeWatch,
): Promise<ProbeFacts> {
  if (!isCustomerId(customer))
    throw new BulkUpdateError(
      'E_ID',
      'what --customer names is no customer id',
      'Write cus_ and letters or digits.',
      { kind: 'USAGE' },
    )
  return withRemote(options, async ({ store, remote, resolved }) => {
    const signal = signalOf(watch)
    const parts = {
      store,
      remote,
      options: resolved,
      signal,
      tell: (event) => watch.onEvent?.(event),
    } satisfies ProbeParts
    try {
      await watch.confirm?.(remote)
      await finishProbe(parts)
      await probeCustomer(parts, customer)
      return await factsOf(store, remote)
    } catch (error) {
      throw asInterruption(error, signal)
    }
  })
}

async function factsOf(store: Store, remote: Remote): Promise<ProbeFacts> {
  const { host, account } = remote
  return { host, account, metadata: await store.accountFact(remote, metadataFact) }
}

async function withRemote<Result>(
  options: OptionsOf<'probe'>,
  action: (open: {
    readonly store: Store
    readonly remote: Remote
    readonly resolved: Resolved<OptionsOf<'probe'>>
  }) => Promise<Result>,
): Promise<Result> {
  if (options.env === 'simulator') throw forgetfulServer('probe')
  const resolved = resolveOptions(options)
  const remote = await openRemote(resolved)
  try {
    return await withStore(options, (store) => action({ store, remote, resolved }))
  } finally {
    await remote.close()
  }
}
