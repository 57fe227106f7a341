/** Where the runs of one account meet in the state directory. */
import { join, isAbsolute, resolve } from 'node:path'
import type { Remote } from './remote.ts'
import { homedir, userInfo } from 'node:os'
import { BulkUpdateError } from '../model/errors.ts'

export function accountFolder({ host, account }: Pick<Remote, 'host' | 'account'>, asked?: string): string {
  return join(stateDirectory(asked), `${host.replace(/[^A-Za-z0-9.-]/g, '_')}-${account}`)
}

/**
 * `asked`, or `rapyd-bulk` in the user's folder for state: `$XDG_STATE_HOME`, by default `~/.local/state`
 * (XDG Base Directory Specification; a relative path there is to be ignored). Throws USAGE, E_STATE_DIR, where there is none.
 */
export function stateDirectory(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (asked !== undefined) return resolve(asked)
  const { XDG_STATE_HOME: state = '' } = env
  return join(isAbsolute(state) ? state : join(home(), '.local', 'state'), 'rapyd-bulk')
}

/** Where HOME is empty, what the system knows: runs from two folders would not meet otherwise. The user of a container may have none. */
function home(): string {
  try {
    return isAbsolute(homedir()) ? homedir() : userInfo().homedir
  } catch {
    throw new BulkUpdateError(
      'E_STATE_DIR',
      'there is no folder for what runs share: this user has no home, and XDG_STATE_HOME is not set',
      'Name one with --state-dir, and the same for all runs of the account. Nothing was sent.',
    )
  }
}
