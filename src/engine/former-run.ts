/** A run that version 0.1 began. A finished one still counts: the same file is not sent again. */
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasMembers, isJsonObject, parseJson } from '../model/json.ts'
import type { Summary } from '../report/summary.ts'
import { formerRunState, oldRun } from '../store/former-layout.ts'

/**
 * The summary of a finished run that version 0.1 kept in `directory`; undefined if there is none. Throws LOCAL, E_OLD_RUN, for one
 * that is not finished, or whose summary is gone.
 */
export function formerSummary(directory: string): Summary | undefined {
  const state = formerRunState(directory)
  if (state === undefined) return undefined
  const summary = state === 'finished' ? readSummary(join(directory, 'summary.json')) : undefined
  if (summary === undefined) throw oldRun(directory)
  return summary
}

function readSummary(path: string): Summary | undefined {
  try {
    if (!lstatSync(path).isFile()) return undefined
    const found: unknown = parseJson(readFileSync(path, 'utf8'))
    return isSummary(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** Version 0.1 wrote it, so only the members that are shown are examined. */
function isSummary(found: unknown): found is Summary {
  return (
    hasMembers(found, { run_id: 'string', host: 'string', next: 'string' }) &&
    ['outcomes', 'input', 'latency_ms'].every((name) => isJsonObject(found[name])) &&
    Array.isArray(found['errors'])
  )
}
