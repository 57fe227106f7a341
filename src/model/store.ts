/** The port of the store: what is kept of runs, of the fields that Rapyd confirmed, and of requests. */
import type { RowSet } from './collections.ts'
import type { JsonObject } from './json.ts'
import type { Digests, FieldEffects, OperationName, Outcome, OutcomeKind, UpdateRequest } from './row.ts'

/** At most `limit` requests in `perMs` milliseconds. */
export interface Window {
  readonly limit: number
  readonly perMs: number
}

/** In milliseconds. Servers round their clocks: a request exactly at the edge of a window could still fall inside. */
export const windowEdgeMs = 5

/** What is left of an account's windows. All processes that send for the account share one quota. */
export interface Quota {
  /**
   * Takes so many requests from the quota together (default 1) and resolves with 0, or with the milliseconds to wait before the next
   * try: infinity if only the end of a request can make room.
   */
  take(requests?: number): Promise<number>
  /** A request that was taken has ended. It counts until a whole window later. Never rejects. */
  end(): Promise<void>
  /** Blocks `take` of all processes for so many milliseconds from now. A longer pause is not shortened. Never rejects. */
  pause(ms: number): Promise<void>
  /** Milliseconds until the pause ends, as this process knows: it knows its own at once, and those of others after a `take`. */
  readonly pausedForMs: number
  close(): Promise<void>
}

/** Whose customers a run changes. `keyCheck` tells secret keys apart without revealing them. */
export interface AccountId {
  readonly host: string
  readonly account: string
  readonly keyCheck: string
}

/** A `probe` belongs to no file: it is found by its id, and `runs` lists it only if it is asked for. */
export type RunKind = 'update' | 'redo' | 'apply' | 'rollback' | 'probe'

/** What identifies a run and does not change. */
export interface RunManifest {
  /** Unique in the store. */
  readonly id: string
  readonly kind: RunKind
  /** The run whose rows a redo sends again, or that a rollback takes back. */
  readonly parentId: string | undefined
  readonly host: string
  readonly account: string
  /** Where its files for people go. */
  readonly directory: string
  /** Digests of the input, the mapping and the plan, and the encoding of the input. */
  readonly facts: Readonly<Record<string, string>>
}

/** A run as it was when it was read. */
export interface StoredRun extends RunManifest {
  readonly state: 'open' | 'finished'
  /** A process has it now. */
  readonly isRunning: boolean
  /** That process, for a message; empty without one. */
  readonly owner: string
  /** Rows with an outcome. */
  readonly settled: number
  /** Milliseconds since 1970; 0 if it has not begun to send, or has not ended. */
  readonly startedAt: number
  readonly finishedAt: number
  readonly changedAt: number
  /** A small text that the run keeps; undefined if it has none of that name. */
  readonly note: (name: string) => string | undefined
}

export interface RunFilter {
  readonly kind?: RunKind
  readonly parentId?: string
  readonly state?: 'open' | 'finished'
  readonly account?: string
  /** Only runs whose files are directly below this folder. */
  readonly runsDir?: string
}

/** A customer of a run, with what its rows were about to write, in their order. */
export interface BeforeCustomer {
  readonly customerId: string
  /** Undefined if Rapyd did not know the customer. */
  readonly image: JsonObject | undefined
  readonly writes: readonly RowPatch[]
}

export interface RowPatch {
  readonly row: number
  readonly patch: JsonObject
}

/** What earlier sessions of a run have left, read once and examined. */
export interface EarlierSessions {
  /** How many rows have which outcome. */
  readonly settled: ReadonlyMap<OutcomeKind, number>
  /** How many rows that need attention have which error code. */
  readonly errors: ReadonlyMap<string, number>
  /** Customers of rows that ended `failed` or `unknown`: nothing more is sent to them. */
  readonly closedCustomers: ReadonlySet<string>
  /** When their attempts count as ended, in milliseconds since 1970; 0 if there were none. */
  readonly endedAt: number
}

/** Rows of a run as they were when it was read. */
export interface RunRows {
  /** Rows with an outcome. Grows while the run runs. */
  readonly settledRows: RowSet
  /** Rows with an intent and without an outcome, with the time of the intent (milliseconds since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
}

export interface RunReader {
  /** As it was when it was read. */
  readonly stored: StoredRun
  /** Outcomes in row order, in pages: one for each row, also for open rows of which a part is done (`isPartial`). */
  outcomes(): AsyncGenerator<readonly Outcome[]>
  /** How many rows have which outcome. */
  counts(): Promise<ReadonlyMap<OutcomeKind, number>>
  progress(): Promise<RunRows>
  hasBeforeImages(): Promise<boolean>
  /** In the order of the customers' first rows. */
  beforeImages(): AsyncGenerator<BeforeCustomer>
  /** What came over standard input, in pieces; nothing if it is not kept. */
  keptInput(): AsyncGenerator<Uint8Array>
}

/**
 * A run that this process owns. Promises of writes resolve when the data is durable. After a failed commit, or when another
 * process has taken over, every write and `renew` reject.
 */
export interface Run extends RunReader, RunRows {
  /** True if a row has an intent and no outcome now. */
  isInDoubt(row: number): boolean
  /** The fields of the intent that an earlier session left for a row, and its operation. */
  intendedFields(row: number): readonly string[] | undefined
  intendedOperation(row: number): OperationName | undefined
  /** The outcome so far of an open row of which a part is done: see `isPartial`. */
  outcomeSoFar(row: number): Outcome | undefined
  /** The body that an earlier session recorded for a row, if it was made of a reading. */
  intendedBody(row: number): Pick<UpdateRequest, 'body' | 'idempotencyKey'> | undefined
  /** True if another run has recorded an intent for a field of this row since that of the row. */
  isOvertaken(row: number): Promise<boolean>
  /**
   * Until when (milliseconds since 1970) a request to the customer may be applied that is not the row's: of another run, or of a row
   * that was settled early. Ask again then, because a living run may repeat it.
   */
  arrivesUntil(customerId: string, row: number): Promise<number>
  readonly earlier: EarlierSessions
  /** The outcome of the row before the first open one; undefined if the first row is open. */
  lastOfSettled(): Promise<Outcome | undefined>
  /**
   * Returns undefined if the row's operation has an intent of this session. Another body that holds what was read replaces it.
   * `settleMs`: so long after its attempt the row may be applied.
   */
  recordIntent(request: UpdateRequest, settleMs: number): Promise<void> | undefined
  /** Cancels intents: no request of those rows can have been applied. */
  cancelIntents(rows: readonly number[]): Promise<void>
  /** Replaces what `outcomeSoFar` returns for the row. */
  recordOutcome(outcome: Outcome, effects?: FieldEffects): Promise<void>
  hasBeforeImage(customerId: string): Promise<boolean>
  /** Keeps what a row writes, and the image of its customer unless there is one. */
  saveBeforeImage(write: RowWrite, image: JsonObject | undefined): Promise<void>
  /** The newest value, also before it is durable. */
  note(name: string): string | undefined
  setNote(name: string, value: string): Promise<void>
  /** As `setNote`, with the next commit. Never rejects. */
  noteLater(name: string, value: string): void
  keepInput(pieces: AsyncIterable<Uint8Array>): Promise<void>
  removeInput(): Promise<void>
  /** Notes that the run begins to send, or continues. */
  begin(): Promise<void>
  finish(): Promise<void>
  /** Milliseconds since 1970; 0 if it has not begun to send, or has not ended. */
  readonly startedAt: number
  readonly finishedAt: number
  /** True if the store has confirmed in the last seconds that this process owns the run. */
  readonly isFresh: boolean
  /** Confirms it. Rejects with E_TAKEN_OVER if another process has the run. */
  renew(): Promise<void>
  /** Writes what waits, and gives the run back. */
  close(): Promise<void>
}

export interface RowWrite {
  readonly row: number
  readonly customerId: string
  /** The JSON text of what the row changes. */
  readonly body: string
}

/** What the store says about one customer. It holds no values. */
export interface KnownFields {
  /** Of the fields whose value is known. */
  readonly digests: Digests
  /** True for a field whose last request has no clear answer, or that an intent is open for. */
  isUnknown(field: string): boolean
  /** True if it is not as it was written, and counts as unknown. */
  readonly isDamaged: boolean
}

/** What a run has set in `addresses` and `coupon` of one customer. */
export interface SentFields {
  readonly run: string
  readonly digests: Digests
  /** True if another secret key has made the digests, so values cannot be compared with them. */
  readonly isOtherKey: boolean
}

export interface FieldStateCounts {
  /** Customers of whom something is known or was. */
  readonly customers: number
  /** Fields that are known, of all customers. */
  readonly fields: number
  /** When the last of them was confirmed, milliseconds since 1970; 0 if there is none. */
  readonly lastConfirmedAt: number
}

/** The last run with `--only-changed` of one export. */
export interface ExportRun {
  readonly run: string
  readonly export: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly rows: number
  readonly vanished: number
}

/** What is known of an account's customers, and of the exports that were sent for them. */
export interface FieldState {
  /** In the order of the customers. */
  get(customers: readonly string[]): Promise<readonly KnownFields[]>
  /** What runs have confirmed of fields that add up when they are sent again, by customer, the newest run first. */
  sentBefore(customers: readonly string[]): Promise<readonly (readonly SentFields[])[]>
  /** Takes a file as applied: many customers in one transaction. What another secret key has made is forgotten. */
  confirm(confirmed: readonly { readonly customerId: string; readonly digests: Digests }[]): Promise<void>
  /** Forgets one customer, or all. Resolves with how many something was known of. */
  forget(customerId?: string): Promise<number>
  counts(): Promise<FieldStateCounts>
  /** True if something is kept for the account. */
  exists(): Promise<boolean>
  /**
   * Throws E_STATE_OTHER if it was made with another secret key; E_STATE_LOST if what version 0.1 kept could not be taken over,
   * unless `isNew` says that everything may be sent once.
   */
  refuseUnusable(isNew?: boolean): Promise<void>
  /** Notes customers of an export. */
  see(exportName: string, run: string, customers: readonly string[]): Promise<void>
  /** Ends a run of an export: marks and counts the customers that it does not hold any more. May be repeated. */
  endExport(run: Omit<ExportRun, 'vanished'>): Promise<number>
  /** Customers that `endExport` marked, by id, in pages. */
  vanished(exportName: string, run: string): AsyncGenerator<readonly string[]>
  exports(): Promise<readonly ExportRun[]>
  noteSkipped(exportName: string): Promise<void>
  /** Newest first, ten at most. */
  skipped(): Promise<readonly { readonly export: string; readonly at: number }[]>
  /** Notes that runs are missing, so what is kept may be older than what was sent. */
  noteBehind(): Promise<void>
  /** Forgets all if that was noted since the last `accept`. */
  forgetIfBehind(): Promise<void>
  /** Notes that what is kept is all that is known: a run with `--only-changed` begins, or a file was taken as applied. */
  accept(): Promise<void>
  /** When that was noted last, milliseconds since 1970; 0 if it was not. Runs that the store does not know may be older. */
  acceptedAt(): Promise<number>
  /** The run that was the last to begin or to continue; empty without one, or if a file was taken as applied since. */
  lastSender(): Promise<string>
}

/** Milliseconds after which an attempt that has no answer is ended. */
export const longestAttemptMs = 30_000

/** Milliseconds for which a request without a clear answer may be applied, by default: longer if it does harm to send it twice. */
export const defaultSettleMs = { repeatable: 90_000, addingUp: 300_000 } as const

/** The note of a run with how it was begun. It is signed. */
export const recordNote = 'record'

/** The note of a run that its whole standard input is kept. */
export const inputKeptNote = 'input_kept'

export interface OpenRunOptions {
  /** The account whose field state the run keeps; undefined at the embedded simulator. */
  readonly fieldsOf: AccountId | undefined
  /** Entries that are committed without waiting for more. */
  readonly group: number
  /** An attempt may still be applied for this long. Milliseconds. */
  readonly settleMs: number
  /** Rows of the input. */
  readonly rows: number
}

export interface AccountFact {
  readonly value: string
  /** On which it was seen. */
  readonly customer: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Store {
  readonly path: string
  /** Creates a run, or takes it from an owner that is dead. Throws BUSY if another process has it. */
  openRun(manifest: RunManifest, options: OpenRunOptions): Promise<Run>
  findRun(id: string): Promise<RunReader | undefined>
  /** Replaces a note of a run that no process has. */
  setNote(run: string, name: string, value: string): Promise<void>
  /** Newest change first. */
  runs(filter?: RunFilter): Promise<readonly RunReader[]>
  /**
   * Deletes a run, or only what it keeps of standard input, in small transactions. `isAllowed` is asked when no process can have the
   * run; false if it was not.
   */
  deleteRun(id: string, isAllowed: (run: StoredRun) => Promise<boolean | 'input'>): Promise<boolean>
  /** Keeps all other processes out of a run until the function that it resolves with is called. Throws BUSY. */
  holdRun(id: string): Promise<() => Promise<void>>
  /** One `--only-changed` of an account at a time. Throws BUSY. */
  holdExports(account: AccountId): Promise<() => Promise<void>>
  /** Keeps an input of an account for this process until the result is called. Resolves with undefined if another process has it. */
  holdInput(account: AccountId, digest: string): Promise<(() => void) | undefined>
  /** Says how the folder of a run shows that the store had come further. Resolves with undefined if it does not. */
  lostSince(directory: string): Promise<string | undefined>
  fieldState(account: AccountId): FieldState
  /** What was learnt of the API of an account. */
  accountFact(account: Pick<AccountId, 'host' | 'account'>, name: string): Promise<AccountFact | undefined>
  keepFact(account: Pick<AccountId, 'host' | 'account'>, name: string, fact: AccountFact): Promise<void>
  quota(account: Pick<AccountId, 'host' | 'account'>, windows: readonly Window[]): Promise<Quota>
  /** Examines all of it. Resolves with what is wrong. `accept`: rows without an outcome count as in doubt from now on. */
  check(accept: boolean): Promise<readonly string[]>
  close(): Promise<void>
}

/** Where the store is. */
export interface StoreOptions {
  /** A path. Default: `rapyd-bulk/store.db` in the user's folder for state. */
  readonly store?: string | undefined
  /** The former option: the store is `store.db` in this folder. */
  readonly stateDir?: string | undefined
}
