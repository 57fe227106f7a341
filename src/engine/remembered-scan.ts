/**
 * The scan of a run that is open, kept in its journal: whoever goes on with 1,000,000 rows should not wait for what was
 * found before. It is the same input, mapping, host and account, or the journal would be another run's.
 */
import { isJsonObject, parseJson } from '../model/json.ts'
import type { Scan } from '../model/scan.ts'
import type { RunJournal } from '../store/journal.ts'
import { inJournal } from '../store/saved-journal.ts'

const key = 'scan'

export function rememberScan(journal: RunJournal, found: Scan): void {
  const { set, cleared, ...rest } = found
  journal.set(key, JSON.stringify({ ...rest, set: [...set], cleared: [...cleared] }))
}

/** Nothing where there is no open run of just these facts in the directory, or it holds no scan. */
export function recallScan(directory: string, facts: Readonly<Record<string, string>>): Scan | undefined {
  return inJournal(directory, (journal) => {
    const isThisRun = Object.entries(facts).every(([name, value]) => journal.get(name) === value)
    if (!isThisRun || journal.get('state') === 'finished') return undefined
    return parseScan(journal.get(key) ?? '')
  })
}

const counts = [
  'rows',
  'calls',
  'unchanged',
  'invalid',
  'customers',
  'repeatedCustomers',
  'duplicateRows',
] as const

function parseScan(text: string): Scan | undefined {
  const found = parseJson(text)
  if (!isKept(found)) return undefined
  return { ...found, set: new Map(found.set), cleared: new Map(found.cleared) }
}

type Fields = readonly (readonly [field: string, rows: number])[]
type Kept = Omit<Scan, 'set' | 'cleared'> & { readonly set: Fields; readonly cleared: Fields }

/** Written by `rememberScan` of the same journal version, so that its shape is all there is to check. */
function isKept(value: unknown): value is Kept {
  return (
    isJsonObject(value) &&
    counts.every((name) => typeof value[name] === 'number') &&
    [value['set'], value['cleared'], value['findings'], value['warnings']].every(Array.isArray)
  )
}
