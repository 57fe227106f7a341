/** A saved plan, opened to be applied: its digest is checked first, then its rows are read one by one. */
import { constants } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import type { NdjsonRow } from '../model/row.ts'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { createHeadDigest } from './plan-format.ts'
import type { PlanHead, PlanRow } from './plan-format.ts'

/** Rows that are given at once. */
const batchSize = 100

export interface SavedPlan {
  readonly path: string
  readonly head: PlanHead
  /** From a row on: rows with their places in the input, and their lines of the plan as records. */
  rows(from?: number): AsyncGenerator<readonly NdjsonRow[]>
  /** Throws INPUT, E_PLAN_CHANGED, for a record that is no line of a plan. */
  rowOf(record: unknown): PlanRow
  /** What the customer of a row held, by field, in the fields that the row changes. */
  before(row: number): Promise<JsonObject>
  /** Writes another signature of the same length into its head. */
  readonly signAnew: (signature: string) => Promise<void>
  close(): Promise<void>
}

/** @throws BulkUpdateError INPUT: E_PLAN_OPEN, E_PLAN if it is no plan of this version, E_PLAN_CHANGED if it was edited or cut */
export async function openPlan(path: string): Promise<SavedPlan> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK, opening a pipe waits for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw new BulkUpdateError(
      'E_PLAN_OPEN',
      `the plan ${path} cannot be read (${systemCode(error)})`,
      'Give the path of a plan.ndjson that `rapyd-bulk plan` wrote. Nothing was sent.',
      { cause: error },
    )
  }
  try {
    if (!(await handle.stat()).isFile()) throw noPlan(path)
    return await readPlan(path, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readPlan(path: string, handle: FileHandle): Promise<SavedPlan> {
  const { isPlanHead, isPlanRow } = await import('./plan-schema.ts')
  const digest = createHeadDigest()
  let head: PlanHead | undefined
  /** The places where the head and each row end. */
  const ends: number[] = []

  function rowOf(record: unknown): PlanRow {
    if (!isPlanRow(record)) throw changed(path)
    return record
  }

  for await (const { bytes, end } of linesOf(handle, 0)) {
    if (head === undefined) {
      const found = parseJson(bytes.toString('utf8'))
      if (!isPlanHead(found)) throw noPlan(path)
      head = found
    } else {
      if (rowOf(parseJson(bytes.toString('utf8'))).row !== ends.length) throw changed(path)
      digest.add(bytes)
    }
    ends.push(end)
  }
  if (head === undefined) throw noPlan(path)
  const { sha256, signature: _, counts, ...facts } = head
  if (ends.length !== counts.rows + 1 || digest.head(facts, counts).sha256 !== sha256) throw changed(path)
  return {
    path,
    head,
    rowOf,
    async *rows(from = 1) {
      let batch: NdjsonRow[] = []
      for await (const { bytes } of linesOf(handle, ends[from - 1] ?? 0)) {
        const record = parseJson(bytes.toString('utf8'))
        const { row, line, offset, length } = rowOf(record)
        if (isJsonObject(record)) batch.push({ kind: 'ndjson', row, line, offset, length, record })
        if (batch.length < batchSize) continue
        yield batch
        batch = []
      }
      yield batch
    },
    async before(number) {
      const from = ends[number - 1] ?? 0
      const bytes = Buffer.alloc((ends[number] ?? from) - from)
      await handle.read(bytes, 0, bytes.length, from)
      const row = rowOf(parseJson(bytes.toString('utf8')))
      const held = Object.entries(row.change === 'update' ? row.fields : {}).flatMap(([field, { before }]) =>
        before === null ? [] : [[field, before]],
      )
      return Object.fromEntries(held)
    },
    signAnew: (signature) => writeFile(path, `${JSON.stringify({ ...head, signature })}\n`, { flag: 'r+' }),
    close: () => handle.close(),
  }
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

function noPlan(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_PLAN',
    `${path} is no plan of this version of rapyd-bulk`,
    'Give a plan.ndjson that this version wrote, or make the plan again. Nothing was sent.',
  )
}

function changed(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_PLAN_CHANGED',
    `${path} is not as it was written: its lines do not match their digest`,
    'Make the plan again, and change the input rather than the plan. Nothing was sent.',
  )
}
