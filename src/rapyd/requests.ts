/** The requests that the program makes: paths, bodies and idempotency keys, made once and used on every attempt. */
import { hash } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import {
  fieldOf,
  splitNames,
  type BodyReading,
  type OperationName,
  type Patch,
  type PatchedRow,
  type UpdateRequest,
} from '../model/row.ts'
import { printable } from '../model/text.ts'

export interface RunIdentity {
  readonly host: string
  readonly runId: string
}

/**
 * Returns the function that makes a row's `POST /v1/customers/:customer`. Only this function serialises the body: these bytes
 * are hashed, signed and sent, unless the row needs two operations (`operations.ts`). The patch must have fields; a row without fields is `unchanged` and has no request.
 */
export function createUpdateRequest(run: RunIdentity): (row: PatchedRow) => UpdateRequest {
  return ({ row, line, offset, length, customerId, ...asked }) =>
    withKey(run, {
      operation: 'update_customer',
      row,
      line,
      offset,
      length,
      customerId,
      path: customerPath(customerId),
      body: serialisePatch(asked.patch),
      fields: printable(asked.fields.join(';')),
      cleared: printable(asked.cleared.join(';')),
      repeatable: isRepeatable(asked.patch),
      sends: Object.keys(asked.patch),
    })
}

/** The minified JSON text of a patch. */
export function serialisePatch(patch: Patch): string {
  return JSON.stringify(removeHoles(patch))
}

/** False if sending the patch twice may do more than sending it once. */
export function isRepeatable(patch: Patch): boolean {
  return !('coupon' in patch || 'addresses' in patch)
}

/**
 * Removes the holes in the list of addresses. Until here addresses keep the numbers of their columns, because rows of one
 * customer are merged by them.
 */
export function removeHoles(patch: Patch): Patch {
  const { addresses } = patch
  if (!Array.isArray(addresses)) return patch
  const items: readonly JsonValue[] = Object.values(addresses)
  return items.length === addresses.length ? patch : { ...patch, addresses: items }
}

/** The path of Update and Retrieve Customer. Ids are checked before, so nothing needs escaping. */
export function customerPath(customerId: string): string {
  return `/v1/customers/${customerId}`
}

/** The fields of the body of an update that this program has made. */
export function parseBody(body: string): JsonObject {
  const parsed: unknown = JSON.parse(body)
  if (!isJsonObject(parsed)) throw new Error('the body of an update is no object')
  return parsed
}

/** The request with only the fields in `kept`, at least one: another body, so another key. */
export function narrowRequest(
  request: UpdateRequest,
  kept: ReadonlySet<string>,
  run: RunIdentity,
  operation: OperationName = request.operation,
): UpdateRequest {
  const { reading, ...whole } = request
  const all = parseBody(request.body)
  const narrow = (fields: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => kept.has(field)))
  const patch = narrow(all)
  const only = (paths: string): string =>
    splitPaths(paths, (field) => Object.hasOwn(all, field))
      .filter((path) => kept.has(fieldOf(path)))
      .join(';')
  return withKey(run, {
    ...whole,
    operation,
    body: JSON.stringify(patch),
    fields: only(request.fields),
    cleared: only(request.cleared),
    repeatable: isRepeatable(patch),
    sends: Object.keys(patch),
    // Nothing but an update holds what was read.
    ...(reading === undefined || operation !== 'update_customer'
      ? {}
      : { reading: { ...reading, patch: JSON.stringify(narrow(parseBody(reading.patch))) } }),
  })
}

/** The request with another body, so another key, made of a reading. */
export function withReading(
  request: UpdateRequest,
  body: string,
  reading: BodyReading,
  run: RunIdentity,
): UpdateRequest {
  return withKey(run, { ...request, body, reading })
}

/** `paths` is joined with `;`, which a key of metadata may hold too: a part that begins with no field continues the path before. */
export function splitPaths(paths: string, isField: (name: string) => boolean): readonly string[] {
  const found: string[] = []
  for (const part of splitNames(paths)) {
    if (isField(fieldOf(part)) || found.length === 0) found.push(part)
    else found.push(`${found.pop()};${part}`)
  }
  return found
}

const keyVersion = 'rapyd-bulk/1'

/**
 * The request with its key, 32 hex digits: the same for every attempt and every resume, different for every row and operation. With
 * the content alone, rows A, B, A of one customer would replay the first answer. Only the last part can hold a line break, so no two
 * rows make the same text. An update has the key of earlier versions.
 */
function withKey(
  { host, runId }: RunIdentity,
  request: Omit<UpdateRequest, 'idempotencyKey'>,
): UpdateRequest {
  const { row, operation, customerId, body } = request
  const named = operation === 'update_customer' ? [] : [operation]
  const text = [keyVersion, host, runId, row, ...named, customerId, body].join('\n')
  return { ...request, idempotencyKey: hash('sha256', text, 'hex').slice(0, 32) }
}

/** The most customers that a page of List Customers may hold (rapyd-api.md, 5.4). */
export const pageSize = 100

/** Selects a page: the customers created after one, or before one. */
export interface Cursor {
  readonly side: 'starting_after' | 'ending_before'
  readonly customerId: string
}

/** The path of a page, from `/v1` on. */
export function listPath({ side, customerId }: Cursor): string {
  return `/v1/customers?limit=${pageSize}&${side}=${customerId}`
}
