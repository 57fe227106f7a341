/** A plan that was written, opened to be applied: held against its digest as a whole, then a few bytes a row in memory. */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { isJsonObject } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'
import { BulkUpdateError, systemCode } from '../errors.ts'
import { isPlanChange } from './plan-counts.ts'
import { createHeadDigest, parseHead } from './plan-head.ts'
import type { PlanHead } from './plan-head.ts'
import type { PlanChange } from './plan-row.ts'

export interface PlannedChange {
  readonly change: PlanChange
  /** The fields that change. */
  readonly fields: ReadonlySet<string>
}

export interface SavedPlan {
  readonly path: string
  readonly head: PlanHead
  /** What is planned for a row; nothing where the plan has no such row. */
  change(row: number): PlannedChange | undefined
  /** What the customer of a row held, by field, in the fields that the row changes. */
  before(row: number): Promise<JsonObject>
  close(): Promise<void>
}

/** @throws BulkUpdateError INPUT: E_PLAN_OPEN, E_PLAN where it is no plan of this version, E_PLAN_CHANGED where it was edited or cut */
export async function openPlan(path: string): Promise<SavedPlan> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    throw new BulkUpdateError(
      'INPUT',
      'E_PLAN_OPEN',
      `the plan ${path} cannot be read (${systemCode(error)})`,
      'Give the path of a plan.ndjson that `rapyd-bulk plan` wrote. Nothing was sent.',
      { cause: error },
    )
  }
  try {
    return await readPlan(path, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readPlan(path: string, handle: FileHandle): Promise<SavedPlan> {
  const digest = createHeadDigest()
  let head: PlanHead | undefined
  let kinds = new Uint32Array()
  let ends = new Float64Array()
  const known: PlannedChange[] = []
  const numbers = new Map<string, number>()
  let row = 0
  for await (const { bytes, end } of linesOf(handle)) {
    if (head === undefined) {
      head = parseHead(bytes.toString('utf8'))
      if (head === undefined) throw noPlan(path)
      kinds = new Uint32Array(head.counts.rows + 1)
      ends = new Float64Array(head.counts.rows + 1)
      ends[0] = end
      continue
    }
    row++
    digest.add(bytes)
    const change = row > head.counts.rows ? undefined : changeIn(bytes, row)
    if (change === undefined) throw changed(path)
    const key = JSON.stringify([change.change, ...change.fields])
    const number = numbers.get(key) ?? known.push(change) - 1
    numbers.set(key, number)
    kinds[row] = number
    ends[row] = end
  }
  if (head === undefined) throw noPlan(path)
  const { sha256, counts, ...facts } = head
  if (row !== counts.rows || digest.head(facts, counts).sha256 !== sha256) throw changed(path)
  return {
    path,
    head,
    change: (number) => (number >= 1 && number <= row ? known[kinds[number] ?? -1] : undefined),
    async before(number) {
      const from = ends[number - 1] ?? 0
      const bytes = Buffer.alloc((ends[number] ?? from) - from)
      await handle.read(bytes, 0, bytes.length, from)
      return beforeIn(bytes)
    },
    close: () => handle.close(),
  }
}

/** Lines with their line ends, and the place behind each. */
async function* linesOf(
  handle: FileHandle,
): AsyncGenerator<{ readonly bytes: Buffer; readonly end: number }> {
  let rest = Buffer.alloc(0)
  let end = 0
  for (let position = 0; ;) {
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

function parsed(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function changeIn(bytes: Buffer, row: number): PlannedChange | undefined {
  const found = parsed(bytes)
  if (found === undefined || found['row'] !== row || !isPlanChange(found['change'])) return undefined
  const { change, fields } = found
  return { change, fields: new Set(isJsonObject(fields) ? Object.keys(fields) : []) }
}

function beforeIn(bytes: Buffer): JsonObject {
  const fields = parsed(bytes)?.['fields']
  if (!isJsonObject(fields)) return {}
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, change]) =>
      isJsonObject(change) && change['before'] !== undefined && change['before'] !== null
        ? [[field, change['before']]]
        : [],
    ),
  )
}

function noPlan(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_PLAN',
    `${path} is no plan of this version of rapyd-bulk`,
    'Give a plan.ndjson that this version wrote, or make the plan again. Nothing was sent.',
  )
}

function changed(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_PLAN_CHANGED',
    `${path} is not as it was written: its lines do not match their digest`,
    'Make the plan again, and change the input rather than the plan. Nothing was sent.',
  )
}
