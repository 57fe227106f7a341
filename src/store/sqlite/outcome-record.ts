/** Outcomes and intents as rows of the store, each with a checksum: a flipped bit must not decide what is sent. */
import { crc32 } from 'node:zlib'
import { isErrorCode } from '../../model/errors.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import { outcomeKinds, type OperationName, type Outcome, type OutcomeKind } from '../../model/row.ts'
import { damagedStore } from '../errors.ts'
import type { StoreRow } from '../own-database.ts'

/** In the order of the checksum. */
const names =
  `row kind line byte_offset byte_length customer fields cleared attempts http_status error_code error_field
  message operation_id idempotency_key latency_ms retries finished_at merged_into digests not_taken api_message`.split(
    /\s+/,
  )

/** Takes the values of `outcomeValues`, after the number of the run. */
export const insertOutcome = `INSERT INTO outcome (run, ${names.join(', ')}, operation, checksum)
  VALUES (?, ${names.map(() => '?').join(', ')}, ?, ?)`

/** `digests`: JSON of the keyed digests of the fields that add up when they are sent again, or null. */
export function outcomeValues(outcome: Outcome, digests: string | null): readonly (string | number | null)[] {
  const values = [
    outcome.row,
    outcome.outcome,
    outcome.line,
    outcome.offset,
    outcome.length,
    outcome.customerId,
    outcome.fields,
    outcome.cleared,
    outcome.attempts,
    outcome.httpStatus,
    outcome.errorCode,
    outcome.errorField,
    outcome.message,
    outcome.operationId,
    outcome.idempotencyKey,
    outcome.latencyMs,
    outcome.retries,
    Math.round(outcome.finishedAt),
    outcome.mergedInto ?? null,
    digests,
    outcome.notTaken,
    outcome.apiMessage,
  ]
  return [...values, outcome.operation, checksumOf(sealed(withoutBlanks(values), outcome.operation))]
}

/** What a checksum covers. The usual operation is left out: earlier versions knew no other. */
function sealed(values: readonly unknown[], operation: OperationName): readonly unknown[] {
  return operation === 'update_customer' ? values : [...values, operation]
}

/** The last two columns count only if they hold something: earlier versions have not written them. */
function withoutBlanks(values: readonly unknown[]): readonly unknown[] {
  return values.slice(-2).every((value) => value === '') ? values.slice(0, -2) : values
}

/** Throws LOCAL, E_STORE_DAMAGED, if the row is not as it was written. */
export function readOutcome(found: StoreRow, path: string): Outcome {
  const text = (name: string): string => String(found[name])
  const number = (name: string): number => Number(found[name])
  const values = names.map((name) => found[name])
  const operation = operationOf(found, path)
  if (checksumOf(sealed(withoutBlanks(values), operation)) !== found['checksum'])
    throw damagedRow(path, 'outcome', number('row'))
  const mergedInto = found['merged_into']
  return {
    row: number('row'),
    outcome: kindOf(found['kind'], path),
    operation,
    line: number('line'),
    offset: number('byte_offset'),
    length: number('byte_length'),
    customerId: text('customer'),
    fields: text('fields'),
    cleared: text('cleared'),
    notTaken: text('not_taken'),
    attempts: number('attempts'),
    httpStatus: number('http_status'),
    errorCode: errorCodeOf(found),
    errorField: text('error_field'),
    message: text('message'),
    apiMessage: text('api_message'),
    operationId: text('operation_id'),
    idempotencyKey: text('idempotency_key'),
    latencyMs: number('latency_ms'),
    retries: text('retries'),
    finishedAt: number('finished_at'),
    ...(mergedInto === null ? {} : { mergedInto: Number(mergedInto) }),
  }
}

/** How a row ended. */
export type Ending = Pick<Outcome, 'row' | 'outcome' | 'customerId' | 'errorCode'>

/**
 * The columns that `readEnding` takes. For usual outcomes SQLite writes what the checksum covers: a million rows are read in a third of
 * the time that their values take. A text that it writes in another way is read again by its values.
 */
export const endingColumns = `row, kind, operation, customer, error_code, checksum,
  CASE WHEN operation = 'update_customer' AND not_taken = '' AND api_message = '' AND latency_ms = CAST(latency_ms AS INTEGER)
  THEN json_array(${names
    .slice(0, -2)
    .map((name) => (name === 'latency_ms' ? 'CAST(latency_ms AS INTEGER)' : name))
    .join(', ')}) END AS sealed`

/** `found` has the columns above; `whole` reads all of the row. An unusual outcome is returned whole. Throws as `readOutcome`. */
export function readEnding(
  found: StoreRow,
  path: string,
  whole: () => StoreRow | undefined,
): Outcome | Ending {
  const { sealed: text, checksum, row, kind, customer } = found
  if (typeof text !== 'string' || crc32(text) !== checksum) return readOutcome(whole() ?? found, path)
  return {
    row: Number(row),
    outcome: kindOf(kind, path),
    customerId: String(customer),
    errorCode: errorCodeOf(found),
  }
}

function errorCodeOf(found: StoreRow): Outcome['errorCode'] {
  const code = String(found['error_code'])
  return isErrorCode(code) ? code : ''
}

export function kindOf(text: unknown, path: string): OutcomeKind {
  const kind = outcomeKinds.find((known) => known === text)
  if (kind === undefined) throw damagedStore(path, 'it holds an outcome that there is not')
  return kind
}

function operationOf({ operation }: StoreRow, path: string): OperationName {
  if (operation === 'update_customer' || operation === 'delete_discount') return operation
  throw damagedStore(path, 'it holds an operation that there is not')
}

export type StoredIntent = ReturnType<typeof readIntent>

/** Takes the values of `intentValues`, after the numbers of the run and of the account. */
export const insertIntent = `INSERT OR REPLACE INTO intent
  (run, account, operation, row, customer, idempotency_key, fields, number, at, settle_ms, body, checksum)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

export function intentValues(intent: StoredIntent): readonly (string | number | null)[] {
  const { row, operation, customerId, key, fields, number, at, settleMs, body = null } = intent
  const values = [row, customerId, key, fields.join(','), number, at, settleMs, body]
  return [operation, ...values, checksumOf(sealed(withoutBody(values), operation))]
}

/** Earlier versions have stored no body. */
function withoutBody(values: readonly unknown[]): readonly unknown[] {
  return values.at(-1) === null ? values.slice(0, -1) : values
}

/** Throws LOCAL, E_STORE_DAMAGED, if the row is not as it was written. */
export function readIntent(found: StoreRow, path: string) {
  const values = ['row', 'customer', 'idempotency_key', 'fields', 'number', 'at', 'settle_ms', 'body'].map(
    (name) => found[name],
  )
  const operation = operationOf(found, path)
  if (checksumOf(sealed(withoutBody(values), operation)) !== found['checksum'])
    throw damagedRow(path, 'intent', Number(found['row']))
  const joined = String(found['fields'])
  const fields: readonly string[] = joined === '' ? [] : joined.split(',')
  return {
    row: Number(found['row']),
    operation,
    customerId: String(found['customer']),
    key: String(found['idempotency_key']),
    fields,
    /** Of the commit that made it durable. */
    number: Number(found['number']),
    /** Milliseconds since 1970. */
    at: Number(found['at']),
    settleMs: Number(found['settle_ms']),
    /** If it cannot be made again of the row alone. */
    body: typeof found['body'] === 'string' ? found['body'] : undefined,
  }
}

export function checksumOf(values: readonly unknown[]): number {
  return crc32(JSON.stringify(values))
}

function damagedRow(path: string, what: string, row: number): Error {
  return damagedStore(path, `the ${what} of row ${row} is not as it was written`)
}

/** The members of an object of texts: facts, digests. Others are left out. */
export function textsIn(text: string): Readonly<Record<string, string>> {
  const found = parseJson(text)
  const entries = Object.entries(isJsonObject(found) ? found : {})
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}
