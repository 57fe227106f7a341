/**
 * A saved plan as the rows of a run: what each sends, and no call for any other row. Its digest is checked first, then its rows
 * are read one by one.
 */
import { hash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, writeFile, type FileHandle } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { machineLimit } from '../config/system.ts'
import { type BulkUpdateError, systemCode, type ErrorCode } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { isJsonObject, isList, parseJson, type JsonObject, type JsonValue } from '../model/json.ts'
import type { ReadRow } from '../model/ports.ts'
import { withoutCall, type NdjsonRow, type Outcome } from '../model/row.ts'
import { parseBody } from '../rapyd/requests.ts'
import { holdsAll, holdsPatch, isEmpty, ownValue, toSnapshot } from '../rapyd/snapshot.ts'
import { guardOf } from '../validation/guards.ts'
import type { ScannedInput, InputParts } from '../validation/input-parts.ts'
import { scanInput, scanReading } from '../validation/scan.ts'
import { unsentOutcome } from './all-outcomes.ts'
import { createHeadDigest, type PlanHead, type PlanRow } from './plan-format.ts'
import type { PlannedFacts } from './record.ts'
import type { Precondition } from './watch.ts'

const mayBeSent = 'Rows before this one may have been sent.'
/** Rows that are given at once. */
const batchSize = 100

export type SavedPlan = Awaited<ReturnType<typeof openPlan>>

/** @throws BulkUpdateError INPUT: E_PLAN_OPEN, E_PLAN if it is no plan of this version, E_PLAN_CHANGED if it was edited or cut */
export async function openPlan(path: string) {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK, opening a pipe waits for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const limit = machineLimit(error)
    if (limit !== undefined) throw limit
    throw errorOf('E_PLAN_OPEN', 'unreadable_plan', { path, code: systemCode(error) }, error)
  }
  try {
    if (!(await handle.stat()).isFile()) throw errorOf('E_PLAN', 'no_plan', { path })
    return await readPlan(path, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readPlan(path: string, handle: FileHandle) {
  const { isPlanHead, isPlanRow } = await import('./plan-schema.ts')
  const digest = createHeadDigest()
  let head: PlanHead | undefined
  /** The places where the head and each row end, and their digests: the file may be edited while it is applied. */
  const ends: number[] = []
  const digests: string[] = []

  /** Throws INPUT, E_PLAN_CHANGED, for a record that is no line of a plan. */
  function rowOf(record: unknown): PlanRow {
    if (!isPlanRow(record)) throw changed(path)
    return record
  }

  /** Reads row `number` from its line once more. */
  function parseAgain(bytes: Buffer, number: number): unknown {
    if (lineDigest(bytes) !== digests[number]) throw changed(path, mayBeSent)
    return parseJson(bytes.toString('utf8'))
  }

  for await (const { bytes, end } of linesOf(handle, 0)) {
    if (head === undefined) {
      const found = parseJson(bytes.toString('utf8'))
      if (!isPlanHead(found)) throw errorOf('E_PLAN', 'no_plan', { path })
      head = found
    } else {
      if (rowOf(parseJson(bytes.toString('utf8'))).row !== ends.length) throw changed(path)
      digest.add(bytes)
    }
    ends.push(end)
    digests.push(lineDigest(bytes))
  }
  if (head === undefined) throw errorOf('E_PLAN', 'no_plan', { path })
  const { sha256, signature: _, counts, ...facts } = head
  if (ends.length !== counts.rows + 1 || digest.head(facts, counts).sha256 !== sha256) throw changed(path)
  return {
    path,
    head,
    rowOf,
    /** From a row on: rows with their places in the input, and their lines of the plan as records. */
    async *rows(from = 1): AsyncGenerator<readonly NdjsonRow[]> {
      let batch: NdjsonRow[] = []
      let number = from
      for await (const { bytes } of linesOf(handle, ends[from - 1] ?? 0)) {
        const record = parseAgain(bytes, number++)
        const { row, line, offset, length } = rowOf(record)
        if (isJsonObject(record)) batch.push({ kind: 'ndjson', row, line, offset, length, record })
        if (batch.length < batchSize) continue
        yield batch
        batch = []
      }
      if (number < ends.length) throw changed(path, mayBeSent)
      yield batch
    },
    /** What the customer of a row held, by field, in the fields that the row changes. */
    async before(number: number): Promise<JsonObject> {
      const from = ends[number - 1] ?? 0
      const bytes = Buffer.alloc((ends[number] ?? from) - from)
      await handle.read(bytes, 0, bytes.length, from)
      const row = rowOf(parseAgain(bytes, number))
      const held = Object.entries(row.change === 'update' ? row.fields : {}).flatMap(([field, { before }]) =>
        before === null ? [] : [[field, before]],
      )
      return Object.fromEntries(held)
    },
    /** Writes another signature of the same length into its head. */
    signAnew: (signature: string): Promise<void> =>
      writeFile(path, `${JSON.stringify({ ...head, signature })}\n`, { flag: 'r+' }),
    close: (): Promise<void> => handle.close(),
  }
}

function lineDigest(line: Buffer): string {
  return hash('sha256', line, 'base64')
}

/** Lines with their line ends, from a place on, and the place after each. */
async function* linesOf(
  handle: FileHandle,
  start: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly end: number }> {
  let rest = Buffer.alloc(0)
  let end = start
  for (let position = start; ;) {
    const block = Buffer.allocUnsafe(256 * 1024)
    const { bytesRead } = await handle.read(block, 0, block.length, position)
    position += bytesRead
    const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)])
    let from = 0
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      end += at + 1 - from
      yield { bytes: bytes.subarray(from, at + 1), end }
      from = at + 1
    }
    rest = bytes.subarray(from)
    if (bytesRead > 0) continue
    if (rest.length > 0) yield { bytes: rest, end: end + rest.length }
    return
  }
}

function changed(path: string, sent = 'Nothing was sent.'): BulkUpdateError {
  return errorOf('E_PLAN_CHANGED', 'edited_plan', { path, sent })
}

/** Checks the rows of the plan. The input is read only at the places of rows. */
export async function scanPlanned(plan: SavedPlan, parts: InputParts): Promise<ScannedInput> {
  const readRow: ReadRow = (row) => {
    if (row.kind !== 'ndjson') throw new Error('a row of a plan that is none')
    return readPlanned(plan.rowOf(row.record))
  }
  const openRows: ScannedInput['openRows'] = (start) => plan.rows(start?.row)
  const reading = { openRows, readRow }
  const scan = parts.remembered ?? (await scanReading(parts, reading, openRows()))
  return { ...reading, scan, refusal: guardOf(scan, parts.options) }
}

function readPlanned(planned: PlanRow): ReturnType<ReadRow> {
  const { row, line, offset, length, customer: customerId } = planned
  const place = { row, line, offset, length }
  switch (planned.change) {
    case 'update': {
      const { patch, paths, clears } = planned
      return { ...place, customerId, patch, fields: paths, cleared: clears }
    }
    case 'unchanged': {
      const { message = 'the customer held it when the plan was made' } = planned
      return withoutCall(place, customerId, 'unchanged', { message })
    }
    case 'missing':
      return withoutCall(place, customerId, 'invalid', {
        errorCode: 'E_CUSTOMER_NOT_FOUND',
        message: 'Rapyd did not know the customer when the plan was made',
      })
    case 'unreadable':
      return withoutCall(place, customerId, 'invalid', {
        errorCode: 'E_NOT_PLANNED',
        message: 'the customer could not be read when the plan was made',
      })
    case 'invalid': {
      const { code: errorCode, field: errorField, message } = planned
      return withoutCall(place, customerId, 'invalid', { errorCode, errorField, message })
    }
    default:
      return planned satisfies never
  }
}

/** How the rows of a run are checked: by its plan, if it has one. */
export function scannerOf(plan: SavedPlan | undefined): (parts: InputParts) => Promise<ScannedInput> {
  return plan === undefined ? scanInput : (parts) => scanPlanned(plan, parts)
}

/** The plan of a run. Throws INPUT if it is gone or was replaced. */
export async function openPlanOf({ plan: path, sha256 }: PlannedFacts): Promise<SavedPlan> {
  const plan = await openPlan(path)
  if (plan.head.sha256 === sha256) return plan
  await plan.close()
  throw errorOf('E_PLAN_CHANGED', 'replaced_plan', { path })
}

export function createDriftPrecondition(plan: Pick<SavedPlan, 'before'>): Precondition {
  return async ({ request, customer, isInDoubt }) => {
    const refused = (code: ErrorCode, message: string, field = ''): Outcome =>
      unsentOutcome(request, { code, message, field }, isInDoubt ? 'unknown' : 'invalid')
    if (customer === undefined)
      return refused('E_CUSTOMER_NOT_FOUND', 'Rapyd does not know the customer any more')
    const patch = parseBody(request.body)
    const snapshot = toSnapshot(customer, Object.keys(patch))
    const before = await plan.before(request.row)
    const drifted = Object.entries(patch).flatMap(([field, wanted]) =>
      isGone(field, wanted, snapshot) ||
      isSame(field, wanted, ownValue(before, field), ownValue(snapshot, field))
        ? []
        : [field],
    )
    if (drifted.length === 0) return { request }
    // An earlier session may have sent it, so the customer may hold what the row asks for. The sender settles that.
    if (isInDoubt && holdsPatch(patch, customer)) return { request }
    const message = `not what the plan says the customer held: ${drifted.join(', ')}`
    return refused('E_DRIFTED', message, drifted.join(';'))
  }
}

/** A discount that the row would remove and that is gone needs no call. An earlier session may have removed it. */
function isGone(field: string, wanted: JsonValue, snapshot: JsonObject): boolean {
  return field === 'coupon' && wanted === '' && isEmpty(ownValue(snapshot, field))
}

/**
 * Compares of metadata the keys that the row names, and of addresses each one as a whole. Addresses that earlier rows of the plan
 * append have no id in the plan, because Rapyd gives it later.
 */
function isSame(
  field: string,
  wanted: JsonValue,
  before: JsonValue | undefined,
  held: JsonValue | undefined,
): boolean {
  if (isEmpty(before) || isEmpty(held)) return isEmpty(before) && isEmpty(held)
  if (field === 'metadata' && isJsonObject(wanted) && isJsonObject(before) && isJsonObject(held)) {
    return Object.keys(wanted).every((key) => isDeepStrictEqual(ownValue(before, key), ownValue(held, key)))
  }
  if (field === 'addresses' && isList(before) && isList(held)) return areSameAddresses(before, held)
  return isDeepStrictEqual(before, held)
}

function areSameAddresses(before: readonly JsonValue[], held: readonly JsonValue[]): boolean {
  const [known, appended] = [before.filter(hasId), before.filter((address) => !hasId(address))]
  const more = held.filter((now) => !known.some((address) => isDeepStrictEqual(address, now)))
  return (
    more.length === held.length - known.length &&
    more.length === appended.length &&
    appended.every((address) => more.some((now) => holdsAll(now, address, 'address')))
  )
}

function hasId(address: JsonValue): boolean {
  return isJsonObject(address) && Object.hasOwn(address, 'id')
}
