/** The guard of a run that compares its input with the last one of its name: looked up before the scan, asked behind it. */
import { findEarlierRun, keepPortrait } from './input-history.ts'
import { watchInput } from './input-watch.ts'
import type { WatchedInput } from './input-watch.ts'
import type { Examiner } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import type { RunJournal } from '../store/journal.ts'
import { isRunThere, runName } from '../store/run-directory.ts'

export interface InputGuard {
  /** Looks at the rows of the scan. */
  readonly watch: Examiner
  /** What is to be kept in the journal of the run. Throws INPUT, E_UNLIKE_LAST or E_DAMAGED_FILE. */
  check(found: Scan): Promise<(journal: RunJournal) => void>
}

export interface InputGuardParts extends Omit<WatchedInput, 'earlier'> {
  readonly runsDir: string
  readonly runId: string
  /** What the journal of the run is bound to. */
  readonly facts: Readonly<Record<'host' | 'account' | 'mapping', string>>
}

/**
 * Nothing where the run has been begun: its file has passed, and what was accepted then need not be said again. A redo has
 * only rows of a file that has passed, a plan was made of a file that has passed, and a rollback has no file of anybody's.
 */
export function openInputGuard(
  { runsDir, runId, facts, ...input }: InputGuardParts,
  { redo, planned, rollback }: Readonly<Partial<Record<'redo' | 'planned' | 'rollback', object | undefined>>>,
): InputGuard | undefined {
  const isOther = redo !== undefined || planned !== undefined || rollback !== undefined
  if (isOther || isRunThere(runsDir, runId)) return undefined
  // CSV and NDJSON write addresses each in its own way, so fields of one cannot be looked for in the other.
  const lineage = { ...facts, name: `${runName(input.options.input)}.${input.head.format}` }
  // What comes over a pipe has no name that tells it from other pipes.
  const isNamed = input.options.input !== '-'
  const watch = watchInput({
    ...input,
    earlier: isNamed ? findEarlierRun(runsDir, lineage) : undefined,
  })
  return {
    watch,
    async check(found) {
      const { portrait, refusal } = await watch.finish(found)
      if (refusal !== undefined) throw refusal
      return (journal) => {
        if (isNamed) keepPortrait(journal, lineage, portrait)
      }
    },
  }
}
