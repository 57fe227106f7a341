/** Which rollback of a run comes next, its rows, and what each sends when its customer was read. */
import { createHash } from 'node:crypto'
import type { OptionsOf } from '../config/options.ts'
import { scanReading } from '../validation/scan.ts'
import type { ScannedInput, InputParts } from '../validation/input-parts.ts'
import { errorOf } from './errors.ts'
import { isJsonObject, isList, type JsonObject } from '../model/json.ts'
import {
  fieldOf,
  withoutCall,
  type PatchedRow,
  type Place,
  type Outcome,
  type OutcomeKind,
  type UpdateRequest,
} from '../model/row.ts'
import type { InputFile } from '../input/bytes.ts'
import { rowsOf } from '../input/rows.ts'
import { shownKey, shownNames } from '../model/text.ts'
import type { ReadRow } from '../model/ports.ts'
import { toSnapshot } from '../rapyd/snapshot.ts'
import {
  valuesBefore,
  toUndoPatch,
  findUndoValues,
  type UndoValues,
  type Write,
} from '../rapyd/undo-values.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { createUpdateRequest, type RunIdentity } from '../rapyd/requests.ts'
import { takenPatch } from '../rapyd/taken.ts'
import { findTaken, unsentOutcome, type Cause } from './all-outcomes.ts'
import {
  changedCustomers,
  findChildRuns,
  hasApplied,
  hasSent,
  isRollbackFinished,
  nextChildId,
  isRollbackBegun,
  type SavedRun,
} from './saved-run.ts'
import { keysIn } from './metadata-keys.ts'
import { commandToRollback } from './record.ts'
import type { Precondition } from './watch.ts'
import type { BeforeCustomer, RowPatch } from '../model/store.ts'

/** Values are restored as Rapyd showed them, without the rules for cells. */
export async function scanRollback(parts: InputParts): Promise<ScannedInput> {
  const { file, head } = parts
  const reading = {
    openRows: (start?: Parameters<ScannedInput['openRows']>[0]) => rowsOf(file, head, start),
    readRow,
  }
  const scan = parts.remembered ?? (await scanReading(parts, reading, reading.openRows()))
  return { ...reading, scan, refusal: undefined }
}

const readRow: ReadRow = (row) => {
  const read = row.kind === 'ndjson' ? rollbackRowOf(row.record) : undefined
  if (read === undefined || !isCustomerId(read.customer))
    return withoutCall(row, '', 'invalid', { errorCode: 'E_JSON', message: 'no row of a rollback' })
  if ('impossible' in read) {
    return withoutCall(row, read.customer, 'invalid', {
      errorCode: 'E_NOT_RESTORABLE',
      errorField: namesOf(read.impossible),
      message:
        read.why === 'no_image'
          ? noImage
          : `not possible: ${read.impossible
              .slice(0, mostNamed)
              .map((path) => explainPath(path, read.coupon))
              .join(', ')}`,
    })
  }
  return patchedRow(row, read.customer, read.put_back, valuesBefore(read.put_back))
}

/** Paths that the field of an error and its message name. They hold keys of metadata, and a customer may have thousands. */
const mostNamed = 100

function namesOf(paths: readonly string[]): string {
  return paths.slice(0, mostNamed).map(shownKey).join(';')
}

const noImage = 'not possible: there is no before-image of this customer'

function explainPath(path: string, coupon: string | undefined): string {
  if (path === 'coupon' && coupon !== undefined)
    return `coupon (the discount of coupon ${shownKey(coupon)} cannot be made again with its remaining uses)`
  if (path === 'coupon') return 'coupon (it has made a discount)'
  if (path === 'addresses') return 'addresses (Rapyd only adds them)'
  if (!path.startsWith('metadata.')) return `${path} (Rapyd does not show it)`
  return `${shownKey(path)} (a key cannot be taken away; it is blanked)`
}

function patchedRow(
  { row, line, offset, length }: Place,
  customerId: string,
  undoValues: UndoValues,
  patch: JsonObject,
): PatchedRow {
  const fields = Object.keys(undoValues)
  const cleared = fields.filter((path) => undoValues[path]?.before === '')
  return { row, line, offset, length, customerId, patch, fields, cleared }
}

/** Restores only fields that still hold what the run wrote. `file` is the input, whose rows are read again by their places. */
export function createRollbackPrecondition(file: InputFile, run: RunIdentity): Precondition {
  const requestOf = createUpdateRequest(run)
  return async ({ request, customer, isInDoubt }) => {
    if (customer === undefined) {
      const message = 'Rapyd does not know the customer any more'
      return ended(request, 'invalid', { code: 'E_CUSTOMER_NOT_FOUND', message })
    }
    const undoValues = await undoValuesAt(file, request)
    const paths = Object.keys(undoValues)
    const { patch, kept, already } = toUndoPatch(
      undoValues,
      toSnapshot(customer, new Set(paths.map(fieldOf))),
    )
    const message = `kept, because changed since the run: ${shownNames(kept, shownKey)}`
    const leftOut = { errorCode: 'E_CHANGED_SINCE', errorField: namesOf(kept), message } as const
    if (Object.keys(patch).length === 0) {
      const { errorCode: code, errorField: field } = leftOut
      if (kept.length > 0) return ended(request, 'invalid', { code, field, message })
      // An earlier session may have restored it.
      return ended(request, isInDoubt ? 'updated' : 'unchanged', { code: '', message: heldAgain })
    }
    const sent = Object.fromEntries(
      Object.entries(undoValues).filter(([path]) => !kept.includes(path) && !already.includes(path)),
    )
    const made = requestOf(patchedRow(request, request.customerId, sent, patch))
    const allowed = { request: made, patch: valuesBefore(sent) }
    return kept.length === 0 ? allowed : { ...allowed, leftOut }
  }
}

const heldAgain = 'the customer holds again what it held before'

async function undoValuesAt(file: InputFile, { offset, length }: UpdateRequest): Promise<UndoValues> {
  const bytes = await file.read(offset, length)
  const record: unknown = JSON.parse(bytes.toString('utf8'))
  const read = isJsonObject(record) ? rollbackRowOf(record) : undefined
  if (read === undefined || !('put_back' in read))
    throw new Error('a row of a rollback that is none any more')
  return read.put_back
}

/** A row for which nothing is sent. Only what an earlier session has restored has fields. */
function ended(request: UpdateRequest, outcome: OutcomeKind, why: Cause): Outcome {
  const open = unsentOutcome(request, why, outcome)
  return { ...open, fields: outcome === 'updated' ? open.fields : '', cleared: '' }
}

/** `row` is the last row of the run that wrote to the customer. */
export type RollbackRow = { readonly customer: string; readonly row: number } & (
  | { readonly put_back: UndoValues }
  | {
      readonly impossible: readonly string[]
      readonly why: 'no_way' | 'no_image'
      /** The coupon of a discount that was there before, if `impossible` has `coupon`. */
      readonly coupon?: string
    }
)

/**
 * In the order of the customers' first rows; of each, what is sure, then what Rapyd may refuse, then what is impossible. Throws the
 * signal's reason once it is aborted, and LOCAL, E_STORE_DAMAGED, if rows are missing.
 */
export async function* rollbackRows(
  run: Pick<SavedRun, 'reader' | 'store'>,
  signal: AbortSignal,
): AsyncGenerator<RollbackRow> {
  const { reader } = run
  const rows = await findTaken(reader.outcomes(), signal)
  const { taken: updated, partly, doubtful } = rows
  for (const row of (await reader.progress()).inDoubt.keys()) doubtful.add(row)
  for await (const customer of changedCustomers(run, rows)) {
    signal.throwIfAborted()
    const writes = customer.writes.flatMap(({ row, patch }) => {
      const taken = { row, patch: takenPatch(patch, partly.get(row) ?? ''), isConfirmed: updated.has(row) }
      if (!doubtful.has(row)) return taken.isConfirmed ? [taken] : []
      // A part of a row in doubt may be confirmed.
      return [...(taken.isConfirmed ? [taken] : []), { row, patch, isConfirmed: false }]
    })
    yield* rollbackRowsOf({ ...customer, writes }, keysIn(reader.stored) === 'all')
  }
}

/** A row as it is written in the file, with its line end. */
export function rollbackLine(row: RollbackRow): string {
  return `${JSON.stringify(row)}\n`
}

function* rollbackRowsOf(
  {
    customerId: customer,
    image,
    writes,
  }: Omit<BeforeCustomer, 'writes'> & { readonly writes: readonly (Write & Pick<RowPatch, 'row'>)[] },
  hasSentAllKeys: boolean,
): Generator<RollbackRow> {
  const last = writes.at(-1)
  if (last === undefined) return
  const { row } = last
  if (image === undefined) {
    const fields = new Set(writes.flatMap(({ patch }) => Object.keys(patch)))
    yield { customer, row, impossible: [...fields], why: 'no_image' }
    return
  }
  const { sure, mayBeRefused, impossible } = findUndoValues(image, writes, hasSentAllKeys)
  if (Object.keys(sure).length > 0) yield { customer, row, put_back: sure }
  for (const field of new Set(Object.keys(mayBeRefused).map(fieldOf))) {
    const own = Object.entries(mayBeRefused).filter(([path]) => fieldOf(path) === field)
    yield { customer, row, put_back: Object.fromEntries(own) }
  }
  if (impossible.length === 0) return
  const { coupon } = image
  const isNamed = impossible.includes('coupon') && typeof coupon === 'string' && coupon !== ''
  yield { customer, row, impossible, why: 'no_way', ...(isNamed ? { coupon } : {}) }
}

/** Reads a record of `rollback.ndjson`. Returns undefined if it is none. */
function rollbackRowOf(record: JsonObject): RollbackRow | undefined {
  const { customer, row, put_back: putBack, impossible, why, coupon } = record
  if (typeof customer !== 'string' || typeof row !== 'number') return undefined
  if (isList(impossible) && impossible.every((path) => typeof path === 'string'))
    return {
      customer,
      row,
      impossible,
      why: why === 'no_image' ? why : 'no_way',
      ...(typeof coupon === 'string' ? { coupon } : {}),
    }
  if (!isJsonObject(putBack)) return undefined
  const undoValues = Object.entries(putBack).flatMap(([path, found]) => {
    if (!isJsonObject(found)) return []
    const { left, before, onlyIfReplaced } = found
    if (!isList(left) || before === undefined) return []
    return [[path, { left, before, ...(onlyIfReplaced === true ? { onlyIfReplaced } : {}) }] as const]
  })
  return { customer, row, put_back: Object.fromEntries(undoValues) }
}

/** As for an update. The input is what the run has kept. */
export interface RollbackOptions extends OptionsOf<'rollback'> {
  /** The id of a run in the store, or the path of its directory. */
  readonly run: string
}

/** Throws USAGE: E_NO_BACKUP, E_ROLLBACK_ORDER. A run that was stopped may be rolled back. */
export async function refuseRollback(run: SavedRun): Promise<void> {
  const { runId } = run
  if (!(await run.reader.hasBeforeImages()) && run.reader.stored.note('backup') !== 'yes')
    throw errorOf('E_NO_BACKUP', 'no_backup', { runId })
  let last: string | undefined
  for (const redo of await findChildRuns(run, 'redo')) {
    if ((await hasApplied(redo)) && !(await isRollbackFinished(redo))) last = redo.runId
  }
  if (last === undefined) return
  throw errorOf('E_ROLLBACK_ORDER', 'later_redo', {
    last,
    runId,
    command: commandToRollback(last, run.record.options),
  })
}

/**
 * The rollback to resume, with the digest of its rows, or the id of a new one, which restores what an earlier one left and what the run has written since.
 * Returns undefined if everything is restored. Throws the signal's reason when it is aborted.
 */
export async function findRollback(
  run: SavedRun,
  signal: AbortSignal,
): Promise<{ readonly runId: string; readonly input: string | undefined } | undefined> {
  const next = { runId: await nextChildId(run, 'rollback'), input: undefined }
  const saved = (await findChildRuns(run, 'rollback')).at(-1)
  if (saved === undefined) return next
  if (!saved.isFinished && (await isRollbackBegun(saved))) return next
  const { runId, binding } = saved
  if (!saved.isFinished && (await hasSent(saved))) return { runId, input: binding.input }
  const isSame = binding.input === (await rowsDigest(run, signal))
  if (!saved.isFinished) return isSame ? { runId, input: binding.input } : next
  const counts = await saved.reader.counts()
  return isSame && leftToDo.every((kind) => !counts.has(kind)) ? undefined : next
}

const leftToDo = ['rejected', 'failed', 'unknown', 'not_attempted'] as const

/** Digest of the rows that a rollback of the run has now. An earlier rollback may have had fewer. */
async function rowsDigest(run: SavedRun, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256')
  for await (const row of rollbackRows(run, signal)) digest.update(rollbackLine(row))
  return digest.digest('hex')
}
