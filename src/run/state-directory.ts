/** Where runs of one account meet on this machine. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/**
 * `asked`, or `rapyd-bulk` in the user's folder for state: `$XDG_STATE_HOME`, by default `~/.local/state`
 * (XDG Base Directory Specification; a relative path there is to be ignored).
 */
export function stateDirectory(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (asked !== undefined) return resolve(asked)
  const { XDG_STATE_HOME: state = '' } = env
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'rapyd-bulk')
}
