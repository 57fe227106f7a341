/** What the page says about how a run was begun, from what its journal keeps: an allow-list, and no path of a folder. */
import { basename } from 'node:path'
import { toFlag } from '../config/options.ts'
import type { PageFacts } from '../report/html/page.ts'
import { readPauses } from '../report/html/pauses.ts'
import { pausesKey } from './pauses.ts'
import { readRecord } from './record.ts'
import type { JournalReader } from '../store/journal-reader.ts'
import { version } from '../config/system.ts'

/** What the page shows elsewhere, paths, and addresses. */
const leftOut = new Set(['input', 'env', 'baseUrl', 'allowHost', 'map', 'runId', 'runsDir', 'stateDir'])

export function pageFactsOf(journal: Pick<JournalReader, 'get'>): PageFacts {
  const options = readRecord(journal)?.options
  const digest = journal.get('mapping') ?? ''
  const name = options?.map === undefined ? 'columns by name' : basename(options.map)
  return {
    mapping: digest === '' ? name : `${name} (digest ${digest.slice(0, 12)})`,
    options: Object.entries(options ?? {})
      .filter(([option, value]) => !leftOut.has(option) && isSaid(value))
      .map(([option, value]) => [`--${toFlag(option)}`, shown(value)]),
    pauses: readPauses(journal.get(pausesKey)),
    versions: `rapyd-bulk ${version}, Node ${process.versions.node}`,
  }
}

/** Whether an option says something: no list without an item. */
function isSaid(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

/** Lists hold names of columns and texts of cells: how many has to do. */
function shown(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'object' ? `${value.length} given` : String(value)
}
