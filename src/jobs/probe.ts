/** `probe`: finds out on one customer whether the account merges metadata or replaces it, and shows what was found. */
import type { OptionsOf } from '../config/options.ts'
import { metadataFact } from '../engine/metadata-keys.ts'
import { errorOf } from '../engine/errors.ts'
import { finishProbe, probeCustomer, type ProbeParts } from '../engine/probe.ts'
import { signalOf, type Stoppable } from '../engine/program-options.ts'
import { withRemote } from '../engine/store-and-remote.ts'
import type { Remote } from '../http/ports.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { AccountFact, Store } from '../model/store.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'

export interface ProbeFacts {
  readonly host: string
  readonly account: string
  /** Undefined if nothing is known. */
  readonly metadata: AccountFact | undefined
}

export interface ProbeWatch extends Stoppable {
  readonly onEvent?: ProbeParts['notify']
  /** Called before anything is sent; throws to refuse. */
  readonly confirm?: (facts: { readonly host: string; readonly account: string }) => Promise<void>
}

/** Shows what the store knows of the account. Sends nothing. */
export function showProbe(options: OptionsOf<'probe'>): Promise<ProbeFacts> {
  return withAccount(options, signalOf({}), ({ store, remote }) => factsOf(store, remote))
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
  const signal = signalOf(watch)
  return withAccount(options, signal, async (opened) => {
    const parts = { ...opened, signal, notify: (event) => watch.onEvent?.(event) } satisfies ProbeParts
    await watch.confirm?.(opened.remote)
    await finishProbe(parts)
    await probeCustomer(parts, customer)
    return factsOf(opened.store, opened.remote)
  })
}

async function factsOf(store: Store, remote: Remote): Promise<ProbeFacts> {
  const { host, account } = remote
  return { host, account, metadata: await store.accountFact(remote, metadataFact) }
}

const withAccount: typeof withRemote<OptionsOf<'probe'>, ProbeFacts> = async (options, signal, action) => {
  if (options.env === 'simulator') throw errorOf('E_OPTION_CONFLICT', 'forgetful_server', { what: 'probe' })
  return withRemote(options, signal, action)
}
