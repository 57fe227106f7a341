/**
 * A run that this process owns: intents, outcomes and before-images in group commits. An outcome and the field state that it
 * confirms are one transaction, and every transaction confirms the owner.
 */
import { countUp, createRowSet, type RowSet } from '../../model/collections.ts'
import { isPartial, needsAttention, type Outcome, type OutcomeKind } from '../../model/row.ts'
import type { EarlierSessions, OpenRunOptions, Run, RunManifest, StoredRun } from '../../model/store.ts'
import { errorOf } from '../errors.ts'
import { accountNumber, hasKey, createFieldWriter, type FieldWriter } from './field-effects.ts'
import { createGroupCommit } from './group-commit.ts'
import { readIntent, readOutcome } from './outcome-record.ts'
import { createEntryWriter, type EntryWriterParts, type RunEntry } from './run-entries.ts'
import { takeRun, type Owner } from './owner.ts'
import { addChecksum, readOpenIntents, readNote, rowsOf, selectRun, storedRun } from './run-reader.ts'
import { stateOf } from './database.ts'
import { writeRunMark } from './mark.ts'
import type { StoreDatabase } from '../own-database.ts'

/** Creates the run, or takes it from a dead owner. Throws BUSY, and USAGE, E_OTHER_RUN, if it belongs to another input. */
export async function openRun(
  database: StoreDatabase,
  manifest: RunManifest,
  options: OpenRunOptions,
): Promise<Run> {
  const number = await createRun(database, manifest)
  const owner = await takeRun(database, { number, id: manifest.id }, options.settleMs)
  try {
    const found = database.first(`${selectRun} WHERE number = ?`, number)
    if (found === undefined) throw new Error('a run that was deleted')
    const stored = storedRun(database, found)
    for (const note of database.all('SELECT * FROM run_note WHERE run = ?', number))
      readNote(note, database.path)
    const marked = withRunMark(database, stored.directory)
    refuseOtherFacts(factsOf(stored), factsOf(manifest))
    const before = await readEarlier(database, number, owner.earlierEndedAt)
    const fields = await openFieldWriter(database, number, options)
    const intents = readOpenIntents(database, number)
    const isRestored = Number(found['is_restored']) === 1
    const inDoubt = isRestored
      ? allOpen(before.settledRows, options.rows)
      : new Map([...intents].map(([row, { at }]) => [row, at]))
    const parts = { database: marked, number, owner, options, fields, ...before, stored, intents, inDoubt }
    return Object.assign(createRunWriter(parts), { stored, ...rowsOf(database, number), ...doubtsOf(parts) })
  } catch (error) {
    await owner.release()
    throw error
  }
}

/** Each commit that requests rely on is also shown in the run's folder. */
function withRunMark(database: StoreDatabase, directory: string): StoreDatabase {
  const { identity = '' } = stateOf(database.db) ?? {}
  return {
    ...database,
    async write(action, place) {
      let commits = 0
      const result = await database.write((commit) => {
        commits = commit
        return action(commit)
      }, place)
      if (place !== undefined && directory !== '') writeRunMark(directory, { identity, commits })
      return result
    },
  }
}

async function openFieldWriter(
  database: StoreDatabase,
  run: number,
  { fieldsOf }: OpenRunOptions,
): Promise<FieldWriter | undefined> {
  if (fieldsOf === undefined) return undefined
  const account = await accountNumber(database, fieldsOf)
  return createFieldWriter(database, account, run, {
    keyCheck: fieldsOf.keyCheck,
    isOtherKey: !(await hasKey(database, account, fieldsOf)),
  })
}

/** Returns the number of the run. */
function createRun({ first, run, write }: StoreDatabase, manifest: RunManifest): Promise<number> {
  const { id, kind, parentId, host, account, directory, facts } = manifest
  return write(() => {
    const now = Date.now()
    const found = first('SELECT number FROM run WHERE id = ?', id)
    const add =
      'INSERT INTO run (id, kind, parent_id, host, account, directory, facts, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    const values = [id, kind, parentId ?? null, host, account, directory, JSON.stringify(facts), now]
    const number = Number(found?.['number'] ?? run(add, ...values).lastInsertRowid)
    // A process that was killed while it deleted the run may have left it without its progress.
    const addProgress = "INSERT OR IGNORE INTO run_progress VALUES (?, 'open', 0, '', 0, 0, 0, 0, 0, 0, ?, 0)"
    run(addProgress, number, now)
    return number
  })
}

/** All that the run is bound to. */
function factsOf({ host, account, facts }: RunManifest): RunManifest['facts'] {
  return { ...facts, host, account }
}

function refuseOtherFacts(held: RunManifest['facts'], wanted: RunManifest['facts']): void {
  const other = Object.keys(wanted).find((name) => held[name] !== wanted[name])
  if (other !== undefined) throw errorOf('E_OTHER_RUN', 'other_run', { what: other })
}

/**
 * Reads and examines how every row ended: some 5 seconds for a million. Throws LOCAL, E_STORE_DAMAGED, if one is missing or is
 * not as it was written, before anything is sent.
 */
async function readEarlier(database: StoreDatabase, run: number, endedAt: number) {
  const settledRows = createRowSet()
  /** Open rows of which a part is done, with their outcomes so far. */
  const partial = new Map<number, Outcome>()
  const settled = new Map<OutcomeKind, number>()
  const errors = new Map<string, number>()
  const closedCustomers = new Set<string>()
  for await (const page of rowsOf(database, run).endings()) {
    for (const read of page) {
      const { row, outcome, errorCode, customerId } = read
      if ('operation' in read && isPartial(read)) {
        partial.set(row, read)
        continue
      }
      settledRows.add(row)
      countUp(settled, outcome)
      if (needsAttention(outcome)) countUp(errors, errorCode)
      if (outcome === 'failed' || outcome === 'unknown') closedCustomers.add(customerId)
    }
  }
  const earlier: EarlierSessions = { settled, errors, closedCustomers, endedAt }
  return { settledRows, partial, earlier }
}

function allOpen(settledRows: RowSet, rows: number): ReadonlyMap<number, number> {
  const open = new Map<number, number>()
  const now = Date.now()
  for (let row = 1; row <= rows; row++) if (!settledRows.has(row)) open.set(row, now)
  return open
}

interface RunWriterParts
  extends Omit<EntryWriterParts, 'partial' | 'fields'>, Awaited<ReturnType<typeof readEarlier>> {
  /** Undefined if the run keeps no field state. */
  readonly fields: FieldWriter | undefined
  readonly owner: Owner
  readonly options: OpenRunOptions
  readonly stored: StoredRun
  readonly inDoubt: ReadonlyMap<number, number>
}

/** Group commits, with the totals that a run keeps of its outcomes. `onPartial`: a part of the row is done and durable. */
function createCommits(parts: RunWriterParts, onPartial: (outcome: Outcome) => void) {
  const { database, number, owner, options, settledRows, partial } = parts
  const { first, run } = database
  const countKept = 'UPDATE run_progress SET settled = ?, checksum = ?, changed_at = ? WHERE run = ?'
  const apply = createEntryWriter(parts)
  let checksum = Number(first('SELECT checksum FROM run_progress WHERE run = ?', number)?.['checksum'])
  return createGroupCommit<RunEntry>(async (entries) => {
    const began = owner.now()
    let sum = checksum
    const outcomes = entries.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome] : []))
    const final = outcomes.filter((outcome) => !isPartial(outcome))
    await database.write((commit) => {
      owner.confirm()
      sum = checksum
      for (const entry of entries) sum = addChecksum(sum, apply(entry, commit))
      run(countKept, settledRows.size + final.length, sum, Date.now(), number)
    }, number)
    owner.confirmed(began)
    checksum = sum
    for (const { row } of final) {
      settledRows.add(row)
      partial.delete(row)
    }
    for (const outcome of outcomes) {
      if (!isPartial(outcome)) continue
      partial.set(outcome.row, outcome)
      onPartial(outcome)
    }
  }, options.group)
}

function createRunWriter(parts: RunWriterParts) {
  const { database, number, owner, settledRows, partial, earlier, inDoubt } = parts
  let { startedAt, finishedAt } = parts.stored
  /** Rows with an intent of this session. The attempts of a row follow each other, so the intent is durable if it is here. */
  const intended = createRowSet()
  /** Rows of which this session has done a part. */
  const passed = createRowSet()
  /** The keys of those whose body may be replaced. */
  const keys = new Map<number, string>()
  const { first, run } = database
  const notes = new Map<string, string>()
  const commits = createCommits(parts, ({ row }) => {
    // The next operation of the row has an intent of its own.
    passed.add(row)
    intended.delete(row)
  })

  async function change(action: () => void): Promise<void> {
    commits.refuseFailed()
    await database.write(() => {
      owner.confirm()
      action()
    }, number)
  }

  return {
    settledRows,
    earlier,
    isInDoubt: (row) =>
      ((inDoubt.has(row) && !passed.has(row)) || intended.has(row)) && !settledRows.has(row),
    outcomeSoFar: (row) => partial.get(row),
    recordIntent(request, settleMs) {
      const { row, idempotencyKey, reading } = request
      const isReplaced = reading !== undefined && keys.get(row) !== idempotencyKey
      if (intended.has(row) && !isReplaced) return undefined
      intended.add(row)
      if (reading !== undefined) keys.set(row, idempotencyKey)
      return commits.add({ kind: 'intent', request, settleMs })
    },
    async cancelIntents(rows) {
      const known = rows.filter((row) => intended.has(row))
      for (const row of known) {
        intended.delete(row)
        keys.delete(row)
      }
      await Promise.all(known.map((row) => commits.add({ kind: 'cancel', row })))
    },
    recordOutcome(outcome, effects = {}) {
      keys.delete(outcome.row)
      return commits.add({ kind: 'outcome', outcome, effects })
    },
    hasBeforeImage: async (customerId) =>
      first('SELECT 1 FROM before_image WHERE run = ? AND customer = ?', number, customerId) !== undefined,
    saveBeforeImage: (write, image) => commits.add({ kind: 'image', write, image }),
    note(name) {
      const stored = () => first('SELECT * FROM run_note WHERE run = ? AND name = ?', number, name)
      return notes.get(name) ?? readNote(stored(), database.path)
    },
    setNote(name, value) {
      notes.set(name, value)
      const saved = commits.add({ kind: 'note', name, value })
      void commits.flush()
      return saved
    },
    noteLater(name, value) {
      notes.set(name, value)
      // A failure rejects the promises that wait for the same commit.
      commits.add({ kind: 'note', name, value }).catch(() => {})
    },
    ...createInputWriter(database, number, change),
    begin() {
      startedAt ||= Date.now()
      return change(() => {
        run('UPDATE run_progress SET started_at = ? WHERE run = ?', startedAt, number)
        parts.fields?.noteSender()
      })
    },
    async finish() {
      await commits.flush()
      finishedAt = Date.now()
      const query = "UPDATE run_progress SET state = 'finished', finished_at = ? WHERE run = ?"
      await change(() => run(query, finishedAt, number))
    },
    get startedAt() {
      return startedAt
    },
    get finishedAt() {
      return finishedAt
    },
    get isFresh() {
      return owner.isFresh && !commits.hasFailed
    },
    async renew() {
      commits.refuseFailed()
      await owner.renew()
    },
    async close() {
      await commits.flush()
      await owner.release()
    },
  } satisfies Partial<Run>
}

/** What came over standard input, for a resume. */
function createInputWriter(
  { run }: StoreDatabase,
  number: number,
  change: (action: () => void) => Promise<void>,
) {
  const removeInput = (): Promise<void> => change(() => run('DELETE FROM input_chunk WHERE run = ?', number))
  return {
    removeInput,
    async keepInput(pieces) {
      await removeInput()
      let at = 0
      for await (const bytes of pieces) {
        const place = ++at
        await change(() => run('INSERT INTO input_chunk VALUES (?, ?, ?)', number, place, bytes))
      }
    },
  } satisfies Partial<Run>
}

/** What is asked about rows that earlier sessions have sent, or may have. */
function doubtsOf({ database, number, fields, settledRows, inDoubt, intents }: RunWriterParts) {
  return {
    inDoubt,
    intendedFields: (row) => intents.get(row)?.fields,
    intendedOperation: (row) => intents.get(row)?.operation,
    intendedBody(row) {
      const { body, key: idempotencyKey } = intents.get(row) ?? {}
      return body === undefined || idempotencyKey === undefined ? undefined : { body, idempotencyKey }
    },
    async isOvertaken(row) {
      const found = database.first('SELECT * FROM intent WHERE run = ? AND row = ?', number, row)
      const intent = found && readIntent(found, database.path)
      return intent !== undefined && fields?.isOvertaken(intent) === true
    },
    arrivesUntil: async (customerId, row) => fields?.arrivesUntil(customerId, row) ?? 0,
    async lastOfSettled() {
      let last = 0
      while (settledRows.has(last + 1)) last++
      const found = database.first('SELECT * FROM outcome WHERE run = ? AND row = ?', number, last)
      return found && readOutcome(found, database.path)
    },
  } satisfies Partial<Run>
}
