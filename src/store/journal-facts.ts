/** What a journal says of its run, read without opening it as one: nothing is made, changed or locked. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Empty where there is no journal, or none that can be read. */
export function readJournalFacts(path: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>()
  if (!existsSync(path)) return facts
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      for (const { key, value } of db.prepare('SELECT key, value FROM run').iterate())
        facts.set(String(key), String(value))
    } finally {
      db.close()
    }
  } catch {
    // Whoever opens it as a journal will say what is wrong with it.
    facts.clear()
  }
  return facts
}
