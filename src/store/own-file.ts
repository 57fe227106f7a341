/** Files that only their owner can read, before SQLite makes them readable for all. */
import { closeSync, openSync } from 'node:fs'

/** Makes the file at `path` where it is missing; SQLite's side files take over its mode. */
export function ownFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}
