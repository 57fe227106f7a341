/** What a run of a test is opened with, and the requests and outcomes of its rows. */
import type { UpdateRequest, Outcome } from '../../src/model/row.ts'
import type { AccountId, OpenRunOptions, RunManifest } from '../../src/model/store.ts'

export const accountId: AccountId = { host: 'sandboxapi.rapyd.net', account: 'account', keyCheck: 'key one' }

/** Of an account's customers, and long enough that a row in doubt may still be applied. */
export const openOptions: OpenRunOptions = { fieldsOf: accountId, group: 8, settleMs: 90_000, rows: 10 }

export function manifestOf(id: string, changes: Partial<RunManifest> = {}): RunManifest {
  return {
    id,
    kind: 'update',
    parentId: undefined,
    host: accountId.host,
    account: accountId.account,
    directory: `/runs/${id}`,
    facts: { input: 'digest of the input', mapping: 'digest of the mapping', encoding: 'utf-8' },
    ...changes,
  }
}

export const customerId = 'cus_d3ed65d5091a8398cc3651bcedec1201'

/** The request of a row that sets these fields. */
export function rowRequest(
  row: number,
  patch: Readonly<Record<string, unknown>> = { name: 'Jo' },
  customer = customerId,
): UpdateRequest {
  return {
    operation: 'update_customer',
    row,
    line: row + 1,
    offset: row * 10,
    length: 9,
    customerId: customer,
    path: `/v1/customers/${customer}`,
    body: JSON.stringify(patch),
    idempotencyKey: `key ${row}`,
    fields: Object.keys(patch).join(';'),
    cleared: '',
    repeatable: true,
    sends: Object.keys(patch),
  }
}

/** The outcome of a row of `customerId`: `updated`, with what a test changes about it. */
export function rowOutcome(row: number, changes: Partial<Outcome> = {}): Outcome {
  return {
    row,
    line: row + 1,
    offset: row * 10,
    length: 9,
    customerId,
    outcome: 'updated',
    operation: 'update_customer',
    fields: 'name',
    cleared: '',
    notTaken: '',
    attempts: 1,
    httpStatus: 200,
    errorCode: '',
    errorField: '',
    message: '',
    apiMessage: '',
    operationId: 'operation',
    idempotencyKey: `key ${row}`,
    latencyMs: 5,
    retries: '',
    finishedAt: 1_700_000_000_000,
    mergedInto: 0,
    ...changes,
  }
}
