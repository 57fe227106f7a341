/**
 * A row on its way to a patch: cells are assigned in their order, then it is finished.
 *
 * An address that a row has only blanks for is left out of the patch. Rapyd appends what `addresses` holds and replaces nothing
 * (rapyd-api.md, 5.3), so an item of empty texts would be one more address, an empty one, on every run.
 */
import type { JsonValue } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import type { Patch, PatchedRow, Place } from '../model/row.ts'
import type { Problem } from '../model/errors.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { readCell, readJoined } from './cells.ts'
import type { CellReading, CellRules } from './cells.ts'
import { gapIn } from './headers.ts'
import type { Assignment, Constant, Join } from './mapping.ts'
import type { Target } from './targets.ts'

export interface Refused extends Place {
  /** Empty where the row has no id that can be shown. */
  readonly customerId: string
  readonly problems: readonly Problem[]
}

export type Mapped = PatchedRow | Refused

export function isRefused(mapped: Mapped): mapped is Refused {
  return 'problems' in mapped
}

export class RowDraft {
  readonly #rules: CellRules
  readonly #problems: Problem[] = []
  readonly #patch: Patch = {}
  readonly #fields: string[] = []
  readonly #cleared: string[] = []
  /** Cells of joined fields, by the index of their part. */
  readonly #joins = new Map<Join, { readonly assignment: Assignment; readonly values: JsonValue[] }>()
  /** Addresses that cells are for; true for those that have a cell that is not blank. */
  readonly #addresses = new Map<number, boolean>()

  constructor(rules: CellRules) {
    this.#rules = rules
  }

  refuse(problem: Problem): void {
    this.#problems.push(problem)
  }

  /** Sets the field by the cell. Returns false for a part of a joined field that the row has given before. */
  assign(value: JsonValue, assignment: Assignment): boolean {
    const { target, part } = assignment
    if (part === undefined) {
      this.#take(target, readCell(value, assignment, this.#rules))
      return true
    }
    const joined = this.#joins.get(part.join) ?? { assignment, values: [] }
    if (part.index in joined.values) return false
    joined.values[part.index] = value
    this.#joins.set(part.join, joined)
    return true
  }

  /** True where a part of that field has been given. */
  isJoining(join: Join | undefined): boolean {
    return join !== undefined && this.#joins.has(join)
  }

  #take(target: Target, reading: CellReading): void {
    const { address } = target
    const isFilled = 'value' in reading && reading.value !== undefined && !reading.cleared
    if (address !== undefined) this.#addresses.set(address, isFilled || this.#addresses.get(address) === true)
    if ('problems' in reading) this.#problems.push(...reading.problems)
    else if (reading.value !== undefined) this.#put(target, reading.value, reading.cleared)
  }

  #put(target: Target, value: JsonValue, clears: boolean): void {
    place(this.#patch, target, value)
    this.#fields.push(target.path)
    if (clears) this.#cleared.push(target.path)
  }

  /** `at` is the place of the row, and nothing else. */
  finish(at: Place, customerId: string, constants: readonly Constant[]): Mapped {
    for (const [join, { assignment, values }] of this.#joins)
      this.#take(assignment.target, readJoined(join, values, assignment, this.#rules))
    const problems = this.#problems
    // Constants make no address of their own where the row has only blanks for it.
    const blank = new Set<number>()
    for (const [address, isFilled] of this.#addresses) if (!isFilled) blank.add(address)
    for (const { target, value } of constants) {
      this.#put(target, value, value === '')
      if (target.address !== undefined) this.#addresses.set(target.address, true)
    }
    if (problems.length === 0 && gapIn(this.#addresses) !== undefined) problems.push(addressGap)
    if (problems.length > 0)
      return { ...at, customerId: isCustomerId(customerId) ? customerId : '', problems }
    const sent = { patch: this.#patch, fields: this.#fields, cleared: this.#cleared }
    return { ...at, customerId, ...(blank.size === 0 ? sent : withoutAddresses(sent, blank)) }
  }
}

const addressGap: Problem = {
  code: 'E_ADDRESS_GAP',
  field: 'addresses',
  message: 'a later address is given, but not one before it',
}

type Sent = Pick<PatchedRow, 'patch' | 'fields' | 'cleared'>

/** The other addresses keep their numbers: the request closes the gaps. */
function withoutAddresses({ patch, fields, cleared }: Sent, blank: ReadonlySet<number>): Sent {
  const { addresses, ...others } = patch
  const items: JsonValue[] = []
  // Where blanks were kept there is no item to leave out.
  if (isOwnList(addresses))
    for (const [index, item] of Object.entries(addresses))
      if (!blank.has(Number(index))) items[Number(index)] = item
  const isKept = (path: string): boolean =>
    !path.startsWith('addresses[') || !blank.has(Number.parseInt(path.slice('addresses['.length), 10))
  return {
    patch: items.length === 0 ? others : { ...patch, addresses: items },
    fields: fields.filter(isKept),
    cleared: cleared.filter(isKept),
  }
}

/** Puts a value where its target is. */
export function place(patch: Patch, { address, keys }: Target, value: JsonValue): void {
  let at = address === undefined ? patch : addressIn(patch, address)
  for (const key of keys.slice(0, -1)) at = inside(at, key)
  at[keys.at(-1) ?? ''] = value
}

function addressIn(patch: Patch, address: number): Patch {
  const { addresses } = patch
  const list: JsonValue[] = isOwnList(addresses) ? addresses : []
  const held = list[address]
  const item: Patch = isOwn(held) ? held : {}
  list[address] = item
  patch['addresses'] = list
  return item
}

/**
 * Every object inherits a `constructor` and a `toString`. They are no objects, and `__proto__` is no key, so an object that is
 * found was put there.
 */
function inside(holder: Patch, key: string): Patch {
  const held = holder[key]
  if (isOwn(held)) return held
  const made: Patch = {}
  holder[key] = made
  return made
}

/** Objects and lists inside a patch were made here: columns that overlap are refused, so no cell's own value is among them. */
function isOwn(value: JsonValue | undefined): value is Patch {
  return isJsonObject(value)
}

function isOwnList(value: JsonValue | undefined): value is JsonValue[] {
  return Array.isArray(value)
}
