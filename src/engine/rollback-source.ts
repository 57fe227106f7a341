/** How the rows of a rollback are read, and what a look at their customers makes of them. */
import { scanReading } from '../validation/scan.ts'
import type { CheckedInput, InputParts, Watched } from '../validation/scan.ts'
import type { ErrorCode } from '../model/error-codes.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import { withoutCall } from '../model/outcome.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import { fieldOf } from '../model/patch.ts'
import type { PatchedRow } from '../model/patch.ts'
import type { Place } from '../model/row.ts'
import type { InputFile } from '../input/bytes.ts'
import { rowsOf } from '../input/rows.ts'
import type { ReadRow } from '../model/ports.ts'
import { imageOf } from '../rapyd/held.ts'
import { patchOf, restoringOf } from '../rapyd/inverse.ts'
import type { Restorables } from '../rapyd/inverse.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { createUpdateRequest } from '../rapyd/update-customer.ts'
import type { RunIdentity } from '../rapyd/update-customer.ts'
import { rollbackRowOf } from './rollback-rows.ts'
import { openOutcome } from './account.ts'
import type { Judge, Looked } from './looks.ts'

/** Values go back as Rapyd showed them, whatever the rules for cells say about them. */
export async function checkRollback(
  parts: InputParts,
  watched: Watched = (source) => source,
): Promise<CheckedInput> {
  const { file, head } = parts
  const reading = {
    openRows: (start?: Parameters<CheckedInput['openRows']>[0]) => rowsOf(file, head, start),
    readRow,
  }
  const found = parts.remembered ?? (await scanReading(parts, reading, watched(reading.openRows())))
  return { ...reading, found, refusal: undefined }
}

const readRow: ReadRow = (row) => {
  const read = row.kind === 'ndjson' ? rollbackRowOf(row.record) : undefined
  if (read === undefined || !isCustomerId(read.customer))
    return withoutCall(row, '', 'invalid', { errorCode: 'E_JSON', message: 'no row of a rollback' })
  if ('impossible' in read) {
    return withoutCall(row, read.customer, 'invalid', {
      errorCode: 'E_NOT_RESTORABLE',
      errorField: read.impossible.join(';'),
      message:
        read.why === 'no_image' ? noImage : `not possible: ${read.impossible.map(reasonOf).join(', ')}`,
    })
  }
  const { put_back: putBack } = read
  const before = Object.entries(putBack).map(([path, restorable]) => [path, restorable.before] as const)
  return patchedRow(row, read.customer, putBack, patchOf(Object.fromEntries(before)))
}

const noImage = 'not possible: there is no before-image of this customer'

function reasonOf(path: string): string {
  if (path === 'coupon') return 'coupon (it has made a discount)'
  if (path === 'addresses') return 'addresses (Rapyd only adds them)'
  if (!path.startsWith('metadata.')) return `${path} (Rapyd does not show it)`
  return `${path} (a key cannot be taken away; it is blanked)`
}

function patchedRow(
  { row, line, offset, length }: Place,
  customerId: string,
  restorables: Restorables,
  patch: JsonObject,
): PatchedRow {
  const fields = Object.keys(restorables)
  const cleared = fields.filter((path) => restorables[path]?.before === '')
  return { row, line, offset, length, customerId, patch, fields, cleared }
}

/** Puts back only what still holds what the run left. `file` is the input, whose rows are read again by their places. */
export function createRollbackJudge(file: InputFile, run: RunIdentity): Judge {
  const requestOf = createUpdateRequest(run)
  return async (looked) => {
    const { request, customer, isInDoubt } = looked
    if (customer === undefined)
      return ended(looked, 'invalid', 'E_CUSTOMER_NOT_FOUND', '', 'Rapyd does not know the customer any more')
    const restorables = await restorablesAt(file, request)
    const paths = Object.keys(restorables)
    const { patch, kept, already } = restoringOf(restorables, imageOf(customer, new Set(paths.map(fieldOf))))
    const message = `kept, because changed since the run: ${kept.join(', ')}`
    const leftOut = { errorCode: 'E_CHANGED_SINCE', errorField: kept.join(';'), message } as const
    if (Object.keys(patch).length === 0) {
      if (kept.length > 0) return ended(looked, 'invalid', leftOut.errorCode, leftOut.errorField, message)
      // What an earlier session may have put back is back.
      return ended(
        looked,
        isInDoubt ? 'updated' : 'unchanged',
        '',
        '',
        'the customer holds again what it held before',
      )
    }
    const sent = Object.fromEntries(
      Object.entries(restorables).filter(([path]) => !kept.includes(path) && !already.includes(path)),
    )
    const made = requestOf(patchedRow(request, request.customerId, sent, patch))
    // Of what the journal was told, this may be less.
    const narrowed = request.sends === undefined ? made : { ...made, sends: request.sends }
    return kept.length === 0 ? { request: narrowed } : { request: narrowed, leftOut }
  }
}

async function restorablesAt(file: InputFile, { offset, length }: Looked['request']): Promise<Restorables> {
  const bytes = await file.read(offset, length)
  const record: unknown = JSON.parse(bytes.toString('utf8'))
  const read = isJsonObject(record) ? rollbackRowOf(record) : undefined
  if (read === undefined || !('put_back' in read))
    throw new Error('a row of a rollback that is none any more')
  return read.put_back
}

function ended(
  { request, at }: Looked,
  outcome: OutcomeKind,
  code: ErrorCode | '',
  errorField: string,
  message: string,
): Outcome {
  const open = openOutcome(request, { code: 'E_CHANGED_SINCE', message })
  const fields = outcome === 'updated' ? open.fields : ''
  return { ...open, outcome, errorCode: code, errorField, fields, cleared: '', finishedAt: at }
}
