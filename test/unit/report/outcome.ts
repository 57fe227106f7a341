/** An outcome for tests: a row that Rapyd updated, with what a test changes about it. */
import type { Outcome } from '../../../src/model/outcome.ts'

export function outcomeOf(changes: Partial<Outcome> = {}): Outcome {
  return {
    row: 1,
    line: 2,
    offset: 0,
    length: 0,
    outcome: 'updated',
    operation: 'update_customer',
    customerId: 'cus_4d3e1f0a9b8c7d6e5f4a3b2c1d0e9f8a',
    fields: 'name;email',
    cleared: '',
    notTaken: '',
    attempts: 1,
    httpStatus: 200,
    errorCode: '',
    errorField: '',
    message: '',
    apiMessage: '',
    operationId: '8a1b2c3d-1234-5678-9abc-def012345678',
    idempotencyKey: '0123456789abcdef0123456789abcdef',
    latencyMs: 120,
    retries: '',
    finishedAt: Date.UTC(2026, 10, 23, 2, 30, 0, 7),
    ...changes,
  }
}
