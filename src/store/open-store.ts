/** Which store a command uses. All commands of this process that use the same one share it. */
import type { StoreOptions, Store } from '../model/store.ts'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { errorOf } from './errors.ts'
import { isStoreThere } from './sqlite/database.ts'
import { emptySqliteStore, openSqliteStore } from './sqlite/store.ts'

/**
 * The path of the store: `$XDG_STATE_HOME/rapyd-bulk/store.db`, by default in `~/.local/state` (XDG Base Directory
 * Specification; a relative path there is to be ignored). Throws USAGE, E_STORE_PATH, if there is no such folder.
 */
export function storePath({ store, stateDir }: StoreOptions, env: NodeJS.ProcessEnv = process.env): string {
  if (store !== undefined) return resolve(store)
  if (stateDir !== undefined) return join(resolve(stateDir), 'store.db')
  const { XDG_STATE_HOME: state = '' } = env
  return join(isAbsolute(state) ? state : join(home(), '.local', 'state'), 'rapyd-bulk', 'store.db')
}

/** If HOME is empty, the system's entry of the user, so that all runs find the same store. The user of a container may have none. */
function home(): string {
  try {
    return isAbsolute(homedir()) ? homedir() : userInfo().homedir
  } catch {
    throw errorOf('E_STORE_PATH', 'no_home')
  }
}

const shared = new Map<string, { readonly store: Promise<Store>; users: number }>()

/** Opens the store, or shares the one that this process has open. The caller closes it. `isAccepted`: also if it has gone backwards. */
export async function openStore(options: StoreOptions, isAccepted = false): Promise<Store> {
  const path = storePath(options)
  const entry = shared.get(path) ?? { store: openSqliteStore(path, isAccepted), users: 0 }
  shared.set(path, entry)
  entry.users++
  async function close(): Promise<void> {
    if (--entry.users > 0) return
    shared.delete(path)
    await (await entry.store).close()
  }
  try {
    const store = await entry.store
    return { ...store, close }
  } catch (error) {
    shared.delete(path)
    throw error
  }
}

/** Opens the store for as long as `action` takes. */
export async function withStore<Result>(
  options: StoreOptions,
  action: (store: Store) => Promise<Result>,
  isAccepted = false,
): Promise<Result> {
  return thenClosed(await openStore(options, isAccepted), action)
}

/** As `withStore`, for an action that only reads: if there is no store, it gets an empty one, and no file is made. */
export async function withExistingStore<Result>(
  options: StoreOptions,
  action: (store: Store) => Promise<Result>,
): Promise<Result> {
  const path = storePath(options)
  return thenClosed(isStoreThere(path) ? await openStore(options) : emptySqliteStore(path), action)
}

async function thenClosed<Result>(store: Store, action: (store: Store) => Promise<Result>): Promise<Result> {
  try {
    return await action(store)
  } finally {
    await store.close()
  }
}
