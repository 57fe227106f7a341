/**
 * How far a sync state had come, kept beside the journals that it can be made of again: what those do not tell, a run elsewhere
 * or a forgetting, is then missed where the state is lost.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BulkUpdateError } from '../model/errors.ts'
import { writeOutputFile } from '../report/output-file.ts'
import type { SyncOwner } from '../store/sync-database.ts'
import type { SyncState, SyncStep } from '../store/sync-state.ts'
import { stepOf, stepText } from './journal-words.ts'
import type { KeyedStep } from './journal-words.ts'

const lookAtDisk = 'Look at the folder and the disk, then run the same command again.'

/** Takes the next step, and notes it in all folders of runs that are known to the state, and in this one from now on. */
export function takeStep(
  state: SyncState,
  owner: SyncOwner,
  runsDir?: string,
  note?: (step: SyncStep) => void,
): void {
  if (runsDir !== undefined) state.rememberRunsDir(runsDir)
  state.nextStep((step) => {
    note?.(step)
    const text = `${stepText({ ...step, keyCheck: owner.keyCheck })}\n`
    for (const directory of state.runsDirs()) {
      if (!existsSync(directory)) continue
      try {
        writeOutputFile(pathIn(directory, owner), [text], lookAtDisk)
      } catch (error) {
        // A folder of earlier runs that is not ours to write to any more must not keep this one from sending.
        if (directory === runsDir || !(error instanceof BulkUpdateError)) throw error
      }
    }
  })
}

/** Undefined if none was noted. */
export function lastStepIn(
  runsDir: string,
  owner: Pick<SyncOwner, 'host' | 'account'>,
): KeyedStep | undefined {
  const path = pathIn(runsDir, owner)
  return existsSync(path) ? stepOf(readFileSync(path, 'utf8').trim()) : undefined
}

function pathIn(runsDir: string, { host, account }: Pick<SyncOwner, 'host' | 'account'>): string {
  return join(runsDir, `.sync-${host.replace(/[^A-Za-z0-9.-]/g, '_')}-${account}`)
}
