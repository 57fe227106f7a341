/**
 * Leaves out addresses that a row only has blank cells for. Rapyd appends what `addresses` holds and replaces nothing
 * (rapyd-api.md, 5.3), so an item of empty texts would clear nothing: it would be one more address, an empty one, on every run.
 * There are at most 20 addresses, so those of a row are the bits of a number.
 */
import type { JsonValue } from '../domain/json.ts'
import type { Patch } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { Target } from './targets.ts'

/** What of a row is to be sent. */
export interface Sent {
  readonly patch: Patch
  readonly fields: readonly string[]
  readonly cleared: readonly string[]
}

/** The bit of the address that a target is inside of; 0 where it is elsewhere. */
export function addressBit(target: Target): number {
  return target.kind === 'address' ? 1 << target.index : 0
}

/** Without the addresses whose bits are in `blank`. The others keep their numbers: the request closes the gaps. */
export function withoutAddresses({ patch, fields, cleared }: Sent, blank: number): Sent {
  const { addresses } = patch
  const items: JsonValue[] = []
  if (Array.isArray(addresses)) {
    // Where blanks were kept there is no item to leave out.
    for (let index = 0; index < addresses.length; index++)
      if ((blank & (1 << index)) === 0 && index in addresses) items[index] = addresses[index]
  }
  return {
    patch: items.length === 0 ? withoutField(patch) : { ...patch, addresses: items },
    fields: keptPaths(fields, blank),
    cleared: cleared.length === 0 ? cleared : keptPaths(cleared, blank),
  }
}

function withoutField(patch: Patch): Patch {
  const { addresses: _, ...rest } = patch
  return rest
}

const digitsFrom = 'addresses['.length

function keptPaths(paths: readonly string[], blank: number): readonly string[] {
  return paths.filter(
    (path) =>
      !path.startsWith('addresses[') || (blank & (1 << Number.parseInt(path.slice(digitsFrom), 10))) === 0,
  )
}

/** True where an address is named, and one before it is not. */
export function hasGap(named: number): boolean {
  return (named & (named + 1)) !== 0
}

export const addressGap: Problem = {
  code: 'E_ADDRESS_GAP',
  field: 'addresses',
  message: 'a later address is given, but not one before it',
}
