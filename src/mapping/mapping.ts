/**
 * Compiles how rows become patches, once, so that a row costs little: for CSV a setter per column, for NDJSON a check
 * per key. A row that cannot go on becomes the list of its problems.
 */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import type { Patch, PatchedRow } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { CsvRow, NdjsonRow, Place } from '../domain/row.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { readCell } from './cells.ts'
import type { CellRules } from './cells.ts'
import type { HeaderMatch } from './headers.ts'
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

/** For CSV. Columns keep the header's order, in the patch too. */
export function compileCsv(header: HeaderMatch, rules: CellRules): (row: CsvRow) => Mapped {
  const { idIndex, columns } = header
  const allFields = columns.map(({ target }) => target.path)
  // Only blanks that are kept leave a column out, and one array for all rows costs them nothing.
  const someAreLeft = rules.blank === 'keep'
  return (row) => {
    const customerId = row.cells[idIndex] ?? ''
    const problems: Problem[] = []
    if (!isCustomerId(customerId)) problems.push(badId(header.idName))
    const patch: Patch = {}
    const fields: string[] = []
    const cleared: string[] = []
    for (const { index, target } of columns) {
      const cell = row.cells[index]
      if (cell === undefined) continue
      const reading = readCell(
        cell,
        target.path,
        target.kind === 'metadata' ? undefined : target.field,
        rules,
      )
      if ('problem' in reading) {
        problems.push(reading.problem)
      } else if (reading.text !== undefined) {
        const value = valueOf(reading.text, target)
        if (value === undefined) {
          problems.push(badType(target.path))
          continue
        }
        place(patch, target, value)
        if (someAreLeft) fields.push(target.path)
        if (value === '') cleared.push(target.path)
      }
    }
    return finish(row, customerId, patch, someAreLeft ? fields : allFields, cleared, problems)
  }
}

/** Cells of whole `metadata` and `addresses` columns hold JSON; every other cell is text. */
function valueOf(text: string, target: Target): JsonValue | undefined {
  if (text === '' || target.kind !== 'field' || target.field.type === 'text') return text
  try {
    const value: unknown = JSON.parse(text)
    if (target.field.type === 'metadata') return isJsonObject(value) ? value : undefined
    return isAddressList(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isAddressList(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isJsonObject)
}

/** Puts a value where its target is. Shared values are copied before anything is put inside them. */
export function place(patch: Patch, target: Target, value: JsonValue): void {
  switch (target.kind) {
    case 'field':
      patch[target.field.name] = value
      return
    case 'metadata':
      putInside(inside(patch, 'metadata'), target.keys, value)
      return
    case 'address': {
      const held = patch['addresses']
      const list: JsonValue[] = isOwnList(held) ? held : []
      const item = list[target.index]
      const address: Patch = isOwn(item) ? item : {}
      putInside(address, target.keys, value)
      list[target.index] = address
      patch['addresses'] = list
      return
    }
    default:
      target satisfies never
  }
}

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

function putInside(holder: Patch, keys: readonly string[], value: JsonValue): void {
  const last = keys.length - 1
  let at = holder
  for (let depth = 0; depth < last; depth++) at = inside(at, keys[depth] ?? '')
  at[keys[last] ?? ''] = value
}

export function badId(column: string): Problem {
  return { code: 'E_ID', field: column, message: 'not a customer id' }
}

export function badType(path: string): Problem {
  const needed =
    path === 'metadata' ? 'a JSON object' : path === 'addresses' ? 'a JSON array of objects' : 'text'
  return { code: 'E_TYPE', field: path, message: `not ${needed}` }
}

const addressGap: Problem = {
  code: 'E_ADDRESS_GAP',
  field: 'addresses',
  message: 'a later address is given, but not one before it',
}

/** True where an address that was left out would be sent as null. */
function hasGap(addresses: JsonValue | undefined): boolean {
  if (!Array.isArray(addresses)) return false
  for (let index = 0; index < addresses.length; index++) if (!(index in addresses)) return true
  return false
}

/** Puts a mapped row together, or names what is wrong with it. */
export function finish(
  row: CsvRow | NdjsonRow,
  customerId: string,
  patch: Patch,
  fields: readonly string[],
  cleared: readonly string[],
  problems: readonly Problem[],
): Mapped {
  const { line, offset, length } = row
  const at = { row: row.row, line, offset, length }
  if (problems.length === 0 && hasGap(patch['addresses'])) problems = [addressGap]
  if (problems.length > 0) return { ...at, customerId: isCustomerId(customerId) ? customerId : '', problems }
  return { ...at, customerId, patch, fields, cleared }
}
