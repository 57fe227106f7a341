/** The store, and what is called, for as long as a job takes. */
import { inheritOptions, resolveOptions, type RecordedOptions, type Resolved } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import type { Store, StoreOptions } from '../model/store.ts'
import { withExistingStore, withStore } from '../store/open-store.ts'
import { asInterruption } from './program-options.ts'
import { openRemote } from './remote.ts'
import type { Remote } from '../http/ports.ts'
import { openSavedRun } from './saved-run.ts'

export interface OpenedJob<Options> {
  readonly store: Store
  readonly remote: Remote
  readonly options: Resolved<Options>
}

/** An abort of `signal` becomes an interruption. Throws like `openRemote` and `withStore`. */
export async function withRemote<Options extends Partial<UpdateOptions>, Result>(
  given: Options,
  signal: AbortSignal,
  action: (opened: OpenedJob<Options>) => Promise<Result>,
): Promise<Result> {
  const options = resolveOptions(given)
  const remote = await openRemote(options)
  try {
    return await withStore(options, (store) => action({ store, remote, options }))
  } catch (error) {
    throw asInterruption(error, signal)
  } finally {
    await remote.close()
  }
}

/** The host and environment of a run, which its redo inherits. Throws like `openSavedRun`. */
export function whereRunWent(
  run: string,
  options: StoreOptions & { readonly runsDir?: string | undefined },
): Promise<Partial<RecordedOptions>> {
  return withExistingStore(options, async (store) => {
    const { record } = await openSavedRun(store, run, options.runsDir)
    return inheritOptions('verify', record.options, {})
  })
}
