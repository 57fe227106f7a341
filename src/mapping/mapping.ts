/**
 * Compiles how rows become patches, once, so that a row costs little: for CSV a setter per column, for NDJSON a check
 * per key. A row that cannot go on becomes the list of its problems.
 */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import type { Patch, PatchedRow } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { CsvRow, NdjsonRow, Place } from '../domain/row.ts'
import { idDefect, isCustomerId } from '../rapyd/customer-id.ts'
import { addressBit, withoutAddresses } from './blank-addresses.ts'
import type { Sent } from './blank-addresses.ts'
import { readCell } from './cells.ts'
import type { CellRules } from './cells.ts'
import type { HeaderMatch } from './headers.ts'
import { place } from './place.ts'
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
  const { idIndex } = header
  const columns = header.columns.map((column) => ({ ...column, bit: addressBit(column.target) }))
  const addresses = columns.reduce((bits, { bit }) => bits | bit, 0)
  // One array for all rows that send every column costs them nothing.
  const allFields = columns.map(({ target }) => target.path)
  const blanksAreLeft = rules.blank === 'keep'
  return (row) => {
    const customerId = row.cells[idIndex] ?? ''
    const problems: Problem[] = []
    if (!isCustomerId(customerId)) problems.push(badId(header.idName, customerId))
    const patch: Patch = {}
    const kept: string[] = []
    const cleared: string[] = []
    let filled = 0
    for (const { index, target, bit } of columns) {
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
        if (blanksAreLeft) kept.push(target.path)
        if (value === '') cleared.push(target.path)
        else filled |= bit
      }
    }
    const fields = blanksAreLeft ? kept : allFields
    return finish(row, customerId, { patch, fields, cleared }, addresses & ~filled, problems)
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

/** `text` is what stands where the id should. */
export function badId(column: string, text: JsonValue | undefined): Problem {
  const message = typeof text === 'string' ? idDefect(text) : 'not a customer id'
  return { code: 'E_ID', field: column, message }
}

export function badType(path: string): Problem {
  const needed =
    path === 'metadata' ? 'a JSON object' : path === 'addresses' ? 'a JSON array of objects' : 'text'
  return { code: 'E_TYPE', field: path, message: `not ${needed}` }
}

/** Puts a mapped row together, or names what is wrong with it. `blank`: bits of the addresses that are left out. */
export function finish(
  row: CsvRow | NdjsonRow,
  customerId: string,
  sent: Sent,
  blank: number,
  problems: readonly Problem[],
): Mapped {
  const { line, offset, length } = row
  const at = { row: row.row, line, offset, length }
  if (problems.length > 0) return { ...at, customerId: isCustomerId(customerId) ? customerId : '', problems }
  const { patch, fields, cleared } = blank === 0 ? sent : withoutAddresses(sent, blank)
  return { ...at, customerId, patch, fields, cleared }
}
