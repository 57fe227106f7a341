/** Matches the header of a CSV file with the fields of Update Customer. Whatever is unclear stops here, before any row. */
import { deceivingPart, looksLike } from '../domain/look-alikes.ts'
import { normalise } from '../domain/nearest.ts'
import { BulkUpdateError } from '../errors.ts'
import { delimiterHint } from './delimiter-hint.ts'
import { nearestField, protoRefusal, reachesProto, targetOf } from './targets.ts'
import type { Target } from './targets.ts'

export interface NamedColumn {
  /** Index of the cell in a row. */
  readonly index: number
  readonly name: string
}

export interface Column extends NamedColumn {
  readonly target: Target
}

export interface HeaderMatch {
  readonly idIndex: number
  readonly idName: string
  readonly columns: readonly Column[]
  readonly ignored: readonly string[]
}

/** Names of the id column, the first one that is there wins. */
const idNames = ['customer', 'customer_id', 'id'].map(normalise)

/** True for columns that an `errors` file has appended; they are ours and carry no data. */
export function isOurColumn(name: string): boolean {
  return name.trim().toLowerCase().startsWith('rapyd_bulk_')
}

/**
 * Throws INPUT errors for a missing id column, a column that matches nothing, two columns for one field, and gaps in
 * the numbering of addresses.
 */
export function matchHeader(header: readonly string[], ignoreColumns: readonly string[]): HeaderMatch {
  const setAside = new Set(ignoreColumns.map(normalise))
  const kept = header
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !isOurColumn(name) && !setAside.has(normalise(name)))
  const id = findId(header, kept)
  const columns: Column[] = []
  for (const { name, index } of kept) {
    if (index === id.index) continue
    const target = targetOf(name)
    if (target === undefined) throw unknownColumn({ name, index }, '')
    const other = columns.find((column) => overlaps(column.target.path, target.path))
    if (other !== undefined) throw twice(label(other), label({ name, index }), target.path)
    columns.push({ index, name, target })
  }
  checkAddressNumbers(columns.map(({ target }) => target))
  const ignored = header.filter((name) => isOurColumn(name) || setAside.has(normalise(name)))
  return { idIndex: id.index, idName: id.name, columns, ignored }
}

/** The column of the customer ids among those that are kept. */
export function findId(header: readonly string[], kept: readonly NamedColumn[]): NamedColumn {
  const idName = idNames.find((id) => kept.some(({ name }) => normalise(name) === id))
  const ids = kept.filter(({ name }) => normalise(name) === idName)
  const [id] = ids
  if (id === undefined) throw noIdColumn(header)
  if (ids[1] !== undefined) throw twice(label(id), label(ids[1]), 'the customer id')
  return id
}

/** One path is the other, or holds it: `metadata` and `metadata.tier`. */
export function overlaps(left: string, right: string): boolean {
  if (left === right) return true
  const [short, long] = left.length < right.length ? [left, right] : [right, left]
  return long.startsWith(short) && (long[short.length] === '.' || long[short.length] === '[')
}

/** Addresses are numbered from 0 without gaps, or a list with holes would be sent. */
export function checkAddressNumbers(targets: readonly Target[]): void {
  const numbers = new Set<number>()
  for (const target of targets) if (target.kind === 'address') numbers.add(target.index)
  for (let index = 0; index < numbers.size; index++) {
    if (!numbers.has(index)) {
      throw new BulkUpdateError(
        'INPUT',
        'E_HEADER_ADDRESSES',
        `columns name a later address, but none of addresses[${index}]`,
        'Number the addresses from 0 without gaps.',
      )
    }
  }
}

function noIdColumn(header: readonly string[]): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_HEADER_NO_ID',
    'no column holds the customer id: none is called customer, customer_id or id',
    `${delimiterHint(header)}Name the column of the Rapyd customer ids "customer".`,
  )
}

/** How errors name a column. */
export function label({ name, index }: NamedColumn): string {
  return `column ${index + 1} ("${name}")`
}

/** Two sources of one thing. */
export function twice(first: string, second: string, what: string): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_HEADER_DUPLICATE',
    `${first} and ${second} are both ${what}`,
    'Remove or rename one of them.',
  )
}

/** `otherwise` says what else can be done with it. */
export function unknownColumn(column: NamedColumn, otherwise: string): BulkUpdateError {
  const near = nearestField(column.name)
  const isProto = reachesProto(column.name)
  const look = targetOf(looksLike(column.name)) === undefined ? undefined : deceivingPart(column.name)
  const but = isProto ? `: ${protoRefusal}` : look === undefined ? '' : `, whatever it looks like: ${look}`
  return new BulkUpdateError(
    'INPUT',
    'E_HEADER_UNKNOWN_COLUMN',
    `${label(column)} is no field of Update Customer${but}`,
    `${near === undefined || isProto ? '' : `Did you mean ${near}? `}Rename the column, or set it aside with --ignore-columns "${column.name}"${otherwise}.`,
  )
}
