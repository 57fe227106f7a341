/** The runs that were made of another one, its redos and its rollbacks, as their journals say. */
import { findRuns } from '../store/find-runs.ts'
import { isRunThere } from '../store/run-directory.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

export type Parent = Pick<SavedRun, 'runId' | 'runsDir'>
export type ChildKind = 'redo' | 'rollback'

/** In the order in which they were made. The caller closes them. */
export function childrenOf(parent: Parent, kind: ChildKind): readonly SavedRun[] {
  return runsBelow(parent, kind, (saved) => saved.record[kind]?.parent === parent.runId)
}

/** Redos of a run, and redos of those, that are not finished. The caller closes them. */
export function openRedosBelow(parent: Parent): readonly SavedRun[] {
  return runsBelow(parent, 'redo', (saved) => saved.record.redo !== undefined && !saved.isFinished)
}

/** What `look` finds in each child, in their order; they are closed behind it. */
export function inChildren<Found>(
  parent: Parent,
  kind: ChildKind,
  look: (child: SavedRun) => Found,
): readonly Found[] {
  const children = childrenOf(parent, kind)
  try {
    return children.map(look)
  } finally {
    for (const child of children) child.close()
  }
}

/** The name for one more. */
export function nextChildId(parent: Parent, kind: ChildKind): string {
  const start = startOf(parent, kind)
  const numbers = inChildren(parent, kind, ({ runId }) => Number(runId.slice(start.length)))
  for (let number = (numbers.at(-1) ?? 0) + 1; ; number++)
    if (!isRunThere(parent.runsDir, `${start}${number}`)) return `${start}${number}`
}

/** Their names begin with that of the run, so that no other journal has to be read. */
function runsBelow(
  parent: Parent,
  kind: ChildKind,
  isWanted: (saved: SavedRun) => boolean,
): readonly SavedRun[] {
  const start = startOf(parent, kind)
  const wanted: SavedRun[] = []
  for (const { runId, directory } of findRuns(parent.runsDir)) {
    if (!runId.startsWith(start)) continue
    const saved = openSavedRun(directory, undefined)
    if (isWanted(saved)) wanted.push(saved)
    else saved.close()
  }
  const numberOf = ({ runId }: SavedRun): number => Number(runId.slice(start.length))
  return wanted.toSorted((one, other) => numberOf(one) - numberOf(other))
}

function startOf({ runId }: Parent, kind: ChildKind): string {
  return `${runId}-${kind}-`
}
