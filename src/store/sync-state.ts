/**
 * What Rapyd was last confirmed to hold, field by field, as keyed digests: the memory of `--only-changed`. It never leads the
 * journals: a field is unknown from before its call is sent until the outcome of the call is durable.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { ConfirmedFields, Digests, CustomerFieldState } from '../model/outcome.ts'
import { createGroupCommit } from './group-commit.ts'
import { digestsOf } from './journal-reader.ts'
import { openSyncDatabase, written } from './sync-database.ts'
import type { SyncOwner } from './sync-database.ts'
import { readSyncRuns } from './sync-runs.ts'
import { inTransaction } from './database.ts'
import type { SyncRuns } from './sync-runs.ts'

export interface SyncState extends SyncRuns {
  /**
   * Numbers what changes the state: each run that keeps it takes the next number, and so does what no journal tells. A state
   * can be made again from journals that hold all numbers of its epoch. `note` keeps it elsewhere before it counts: of a run
   * that is killed between the two, the next one has the same number.
   */
  nextStep(note?: (step: SyncStep) => void): void
  /** Steps so far: none in a state that was only opened. */
  readonly steps: number
  readonly epoch: string
  /** Continues after a step, in a state that was made again. Steps that another run has taken meanwhile stay. */
  adopt(step: SyncStep): void
  /** Folders of runs that have taken steps. */
  runsDirs(): readonly string[]
  rememberRunsDir(runsDir: string): void
  /** Notes who has begun to change customers: `lastSender` from now on. */
  beginSending(runId: string): void
  /** The run that was the last to begin or to go on; '' where there is none, or where a file was taken as applied since. */
  readonly lastSender: string
  known(customerId: string): CustomerFieldState
  /** Takes what is known of these fields back, as `confirm` does with digests. Durable when it resolves. */
  forget(customerId: string, fields: readonly string[], at: number, since?: number): Promise<void>
  /**
   * Durable when it resolves. What is newer stays, and what has been confirmed or forgotten between `since` and `at` is not
   * known any more, unless it is the same.
   */
  confirm(confirmed: ConfirmedFields): Promise<void>
  /** Many at once, in one transaction; durable when it returns. */
  confirmAll(confirmed: readonly ConfirmedFields[]): void
  /** Forgets a customer, or all, on request. Returns for how many a value was known. */
  forgetAll(at: number, customerId?: string): number
  /** Reads the whole state. */
  counts(): StateCounts
  close(): void
}

export interface StateCounts {
  /** Of whom something is known or was. */
  readonly customers: number
  /** Of all customers, those that are known. */
  readonly fields: number
  /** When the last of them was confirmed, milliseconds since 1970; 0 where there is none. */
  readonly lastConfirmedAt: number
}

export interface SyncStep {
  readonly epoch: string
  readonly serial: number
}

/** Opens or makes the state in the account's folder. Throws as `openSyncDatabase`. */
export function openSyncState(directory: string, owner: SyncOwner, group: number): SyncState {
  const db = openSyncDatabase(directory, owner)
  const fieldsOf = db.prepare('SELECT fields FROM customer WHERE id = ?')
  const owned = db.prepare('SELECT value FROM owner WHERE name = ?')
  const own = db.prepare('UPDATE owner SET value = ? WHERE name = ?')
  const put = db.prepare('INSERT OR REPLACE INTO customer VALUES (?, ?)')

  const owns = (name: string): string => String(owned.get(name)?.['value'])

  function entries(customerId: string): Digests {
    const found = fieldsOf.get(customerId)
    return found === undefined ? {} : digestsOf(String(found['fields']))
  }

  function nextStep(note?: (step: SyncStep) => void): void {
    const step = {
      epoch: owns('epoch'),
      serial: Number(owns('serial')) + 1,
    }
    own.run(String(step.serial), 'serial')
    note?.(step)
  }

  function merge({ customerId, digests, at, since = at }: ConfirmedFields): void {
    const fields = { ...entries(customerId) }
    for (const [field, digest] of Object.entries(digests))
      fields[field] = mergedEntry(fields[field], { digest, since, at })
    put.run(customerId, JSON.stringify(fields))
  }

  const mergeAll = (all: readonly ConfirmedFields[]): void =>
    written(directory, () => inTransaction(db, () => all.forEach(merge)))
  const commits = createGroupCommit<ConfirmedFields>(mergeAll, group)

  return {
    ...readSyncRuns(db, directory),
    get steps() {
      return Number(owns('serial'))
    },
    nextStep: (note) => written(directory, () => inTransaction(db, () => nextStep(note))),
    get epoch() {
      return owns('epoch')
    },
    runsDirs: () =>
      db
        .prepare('SELECT path FROM runs_dir ORDER BY path')
        .all()
        .map(({ path }) => String(path)),
    rememberRunsDir(runsDir) {
      const remember = db.prepare('INSERT OR IGNORE INTO runs_dir VALUES (?)')
      written(directory, () => remember.run(runsDir))
    },
    beginSending: (runId) => void written(directory, () => own.run(runId, 'sender')),
    get lastSender() {
      return owns('sender')
    },
    adopt({ epoch, serial }) {
      const isHeld = (): boolean => owns('epoch') === epoch && Number(owns('serial')) >= serial
      const goOn = (): void => {
        own.run(epoch, 'epoch')
        own.run(String(serial), 'serial')
      }
      written(directory, () => inTransaction(db, () => isHeld() || goOn()))
    },
    known(customerId) {
      const found = Object.entries(entries(customerId)).map(
        ([field, entry]) => [field, readEntry(entry)] as const,
      )
      const known = found.filter(([, entry]) => isKnown(entry))
      return {
        digests: Object.fromEntries(known.map(([field, { digest }]) => [field, digest])),
        unknown: found.flatMap(([field, { digest }]) => (digest === '' ? [field] : [])),
        at: Math.max(0, ...found.map(([, { at }]) => at)),
      }
    },
    forget: (customerId, fields, at, since = at) =>
      commits.add({ customerId, digests: Object.fromEntries(fields.map((field) => [field, ''])), at, since }),
    confirm: (confirmed) => commits.add(confirmed),
    confirmAll: mergeAll,
    forgetAll: (at, customerId) =>
      written(directory, () => inTransaction(db, () => forgetCustomers(db, at, customerId))),
    counts() {
      let [customers, fields, lastConfirmedAt] = [0, 0, 0]
      for (const found of db.prepare('SELECT fields FROM customer').iterate()) {
        customers++
        for (const entry of Object.values(digestsOf(String(found['fields'])))) {
          const held = readEntry(entry)
          if (!isKnown(held)) continue
          fields++
          lastConfirmedAt = Math.max(lastConfirmedAt, held.at)
        }
      }
      return { customers, fields, lastConfirmedAt }
    },
    close() {
      commits.flush()
      db.close()
    },
  }
}

/**
 * Forgets one customer or all, inside a transaction: their fields stay with the time of it, which nothing that was confirmed before passes. Gives of
 * how many something was known.
 */
function forgetCustomers(db: DatabaseSync, at: number, customerId?: string): number {
  const put = db.prepare('UPDATE customer SET fields = ? WHERE id = ?')
  let known = 0
  for (const { id, fields } of customersIn(db, customerId)) {
    const held = Object.entries(digestsOf(fields))
    if (held.some(([, entry]) => isKnown(readEntry(entry)))) known++
    const left = held.map(([field, entry]) => [field, forgottenEntry(entry, at)])
    put.run(JSON.stringify(Object.fromEntries(left)), id)
  }
  return known
}

/** In batches: a table that is being read is not written to. */
function* customersIn(db: DatabaseSync, customerId?: string): Generator<Stored> {
  const [from, more] = customerId === undefined ? ['', 'id > ?'] : [customerId, 'id = ?']
  const read = db.prepare(`SELECT id, fields FROM customer WHERE ${more} ORDER BY id LIMIT 1000`)
  for (let after: string | undefined = from; after !== undefined;) {
    const found: readonly Stored[] = read
      .all(after)
      .map(({ id, fields }) => ({ id: String(id), fields: String(fields) }))
    yield* found
    after = customerId === undefined ? found.at(-1)?.id : undefined
  }
}

interface Stored {
  readonly id: string
  readonly fields: string
}

export interface Entry {
  /** '' where it is not known, `forgotten` if a user asked for it. */
  readonly digest: string
  /** From when it was about to be changed until that had ended, milliseconds since 1970. */
  readonly since: number
  readonly at: number
}

/** No digest is equal to it. Unlike '', it does not mean that the value is in doubt. */
const forgotten = '-'

export function isKnown({ digest }: Entry): boolean {
  return digest !== '' && digest !== forgotten
}

/** What was confirmed before `at` never comes back. */
export function forgottenEntry(text: string, at: number): string {
  const held = readEntry(text)
  const end = Math.max(at, held.at + 1)
  return entryText({ digest: held.digest === '' ? '' : forgotten, since: end, at: end })
}

/** The entry with what one more call has left. */
export function mergedEntry(text: string | undefined, next: Entry): string {
  if (text === undefined) return entryText(next)
  const held = readEntry(text)
  if (next.since >= held.at) return entryText(next)
  if (next.at < held.since) return text
  return entryText({
    digest: next.digest === held.digest ? held.digest : '',
    since: Math.min(next.since, held.since),
    at: Math.max(next.at, held.at),
  })
}

export function readEntry(text: string): Entry {
  const [digest = '', ...times] = text.split('.')
  const [at = 0, since = at] = times.map((time) => Number.parseInt(time, 36))
  return { digest, since, at }
}

/** The digest, the end and, where it is another time, the begin: times in base 36. */
function entryText({ digest, since, at }: Entry): string {
  const times = since === at ? [at] : [at, since]
  return [digest, ...times.map((time) => time.toString(36))].join('.')
}
