/** The nights of an account's sync state, opened to look at them: without its keys, and nothing is created or changed. */
import { DatabaseSync } from 'node:sqlite'
import { addressOf } from './saved-journal.ts'
import { hasSyncState, syncPath } from './sync-database.ts'
import { nightsOf } from './sync-nights.ts'
import type { SyncNights } from './sync-nights.ts'
import { stateError } from './disk-error.ts'

/** Nothing where there is no state. Throws USAGE or LOCAL where it cannot be read. */
export function lookAtNights(
  directory: string,
): (Pick<SyncNights, 'vanished'> & { close(): void }) | undefined {
  if (!hasSyncState(directory)) return undefined
  let db: DatabaseSync | undefined
  try {
    const opened = new DatabaseSync(addressOf(syncPath(directory)), { readOnly: true })
    db = opened
    return { ...nightsOf(opened, directory), close: () => opened.close() }
  } catch (error) {
    db?.close()
    throw stateError(directory, 'cannot be read', error)
  }
}
