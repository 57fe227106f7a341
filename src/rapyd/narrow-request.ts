/** A row's call with some of its fields alone: another body, and with it another key. */
import { fieldOf } from '../model/row.ts'
import type { UpdateRequest } from '../model/row.ts'
import { bodyOf } from './field-digests.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { isRepeatable } from './update-customer.ts'
import type { RunIdentity } from './update-customer.ts'

/** `kept` names top-level fields of the patch; at least one of them is in it. */
export function narrowRequest(
  request: UpdateRequest,
  kept: ReadonlySet<string>,
  { host, runId }: RunIdentity,
): UpdateRequest {
  const { row, customerId } = request
  const all = bodyOf(request.body)
  const patch = Object.fromEntries(Object.entries(all).filter(([field]) => kept.has(field)))
  const body = JSON.stringify(patch)
  const only = (paths: string): string => onlyPaths(paths, (field) => Object.hasOwn(all, field), kept)
  return {
    ...request,
    body,
    idempotencyKey: idempotencyKey({ host, runId, row, customerId, body }),
    fields: only(request.fields),
    cleared: only(request.cleared),
    repeatable: isRepeatable(patch),
  }
}

/** Of paths joined with `;`. A key of metadata may hold one: what begins with no field belongs to the path before. */
function onlyPaths(paths: string, isField: (name: string) => boolean, kept: ReadonlySet<string>): string {
  let field = ''
  return paths
    .split(';')
    .filter((path) => {
      if (isField(fieldOf(path))) field = fieldOf(path)
      return kept.has(field)
    })
    .join(';')
}
