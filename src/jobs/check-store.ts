/** `store check`: examines the store, or accepts one that was put back. */
import { openStore, storePath } from '../store/open-store.ts'
import type { StoreOptions } from '../model/store.ts'

export interface CheckedStore {
  readonly path: string
  /** What is wrong, one line each. */
  readonly problems: readonly string[]
  readonly isAccepted: boolean
}

/**
 * Throws LOCAL, E_STORE_LOST, for a store that has gone backwards, unless `accept` is true. Then rows without an outcome count as
 * in doubt from now on: they are read before they are sent.
 */
export async function checkStore(options: StoreOptions, accept: boolean): Promise<CheckedStore> {
  const store = await openStore(options, accept)
  try {
    const problems = await store.check(accept)
    return { path: storePath(options), problems, isAccepted: accept }
  } finally {
    await store.close()
  }
}
