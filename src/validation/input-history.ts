/** The last finished run of an input's name, as far as the guards want to know it: what its file looked like. */
import { parsePortrait } from './portrait.ts'
import type { Portrait } from './portrait.ts'
import { findRuns } from '../store/find-runs.ts'
import type { RunPlace } from '../store/find-runs.ts'
import { inJournal } from '../store/saved-journal.ts'
import type { RunJournal } from '../store/journal.ts'

export interface EarlierRun {
  readonly runId: string
  /** ISO 8601. */
  readonly finishedAt: string
  /** Fields are comparable only under one mapping. */
  readonly isSameMapping: boolean
  readonly portrait: Portrait
}

/** Which runs an input belongs to: its name as run ids have it, with its format behind it, and where its rows go. */
export interface Lineage {
  readonly name: string
  readonly host: string
  readonly account: string
  readonly mapping: string
}

const portraitKey = 'portrait'
const nameKey = 'input_name'
/** Journals that are opened at most, newest first: whoever keeps more in one folder has other files as well. */
const mostOpened = 200

/** The newest one that is finished. What cannot be read tells nothing. */
export function findEarlierRun(runsDir: string, lineage: Lineage): EarlierRun | undefined {
  const places = findRuns(runsDir).toSorted((left, right) => right.changedAt - left.changedAt)
  for (const place of places.slice(0, mostOpened)) {
    const found = readPlace(place, lineage)
    if (found !== undefined) return found
  }
  return undefined
}

export function keepPortrait(journal: RunJournal, { name }: Lineage, portrait: Portrait): void {
  journal.set(nameKey, name)
  journal.set(portraitKey, JSON.stringify(portrait))
}

function readPlace({ runId, directory }: RunPlace, lineage: Lineage): EarlierRun | undefined {
  return inJournal(directory, (journal) => {
    const isOfName =
      journal.get(nameKey) === lineage.name &&
      journal.get('state') === 'finished' &&
      journal.get('account') === lineage.account &&
      withoutPort(journal.get('host') ?? '') === withoutPort(lineage.host)
    const portrait = isOfName ? parsePortrait(journal.get(portraitKey) ?? '') : undefined
    if (portrait === undefined) return undefined
    const isSameMapping = journal.get('mapping') === lineage.mapping
    return { runId, finishedAt: journal.get('finished_at') ?? '', isSameMapping, portrait }
  })
}

/** Servers on loopback are for rehearsals, and mostly have another port each time. */
function withoutPort(host: string): string {
  return host.replace(/^(localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/, '$1')
}
