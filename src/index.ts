/** What programs may use. Everything else is internal. */
export { bulkUpdate } from './bulk-update.ts'
export type { Snapshot, UpdateResult, Watch } from './bulk-update.ts'
export type { UpdateOptions } from './options.ts'
export type { Outcome, OutcomeKind } from './domain/outcome.ts'
export type { Summary } from './report/summary.ts'
export { BulkUpdateError, exitCodes } from './errors.ts'
export { validate } from './validate.ts'
export type { ValidateResult } from './validate.ts'
