/** Where the runs of one account meet in the state directory. */
import { join } from 'node:path'
import type { Remote } from './remote.ts'
import { stateDirectory } from './state-directory.ts'

export function accountFolder({ host, account }: Pick<Remote, 'host' | 'account'>, asked?: string): string {
  return join(stateDirectory(asked), `${host.replace(/[^A-Za-z0-9.-]/g, '_')}-${account}`)
}
