/** What the doctor and the rules ask of each column of a CSV file, put together for rows that are counted as bytes. */
import type { CsvColumns } from '../doctor/columns.ts'
import type { DateOrder } from '../doctor/date-order.ts'
import type { TextColumns } from '../doctor/examine.ts'
import type { SharedEmails } from '../doctor/shared-emails.ts'
import { textDamage } from '../doctor/text-damage.ts'
import { readAssigned } from '../mapping/assigned-value.ts'
import { hasGap } from '../mapping/blank-addresses.ts'
import type { CellRules } from '../mapping/cells.ts'
import type { Assignment, Constant } from '../mapping/compiled-mapping.ts'
import type { PlannedColumn } from '../mapping/column-plans.ts'
import type { Target } from '../mapping/targets.ts'
import type { WarningCode } from '../domain/warning.ts'
import { createBlankCounts, createCellCounts } from './cell-counts.ts'
import { createDoctorLooks } from './doctor-looks.ts'
import { createPlainCell } from './plain-cell.ts'
import type { CellForm } from './plain-cell.ts'
import { createPlainRows } from './plain-rows.ts'
import type { PlainColumn, PlainRows, PlainRowsParts } from './plain-rows.ts'
import { doubtOfClearing } from '../rapyd/doubts.ts'
import { dateRule, emailRule, phoneRule } from '../rapyd/field-rules.ts'

export interface PlainColumnsParts extends Pick<PlainRowsParts, 'timesTold' | 'customers'> {
  readonly plans: readonly PlannedColumn[]
  readonly constants: readonly Constant[]
  readonly rules: CellRules
  /** The year of today. */
  readonly year: number
  /** Where more is asked of rows than whether they can be sent. */
  readonly doctor?: DoctorParts
  /** As of `PlainRowsParts`, where there is no doctor. Default: every row passes. */
  readonly passes?: PlainRowsParts['passes'] | undefined
}

export interface DoctorParts {
  readonly emails: SharedEmails
  readonly dates: DateOrder
  readonly texts: TextColumns
  readonly columns: CsvColumns
  /** Gets what was doubtful about plain rows, when they are counted. */
  readonly doubted: (code: WarningCode, field: string, message: string, rows: number) => void
}

/** Ages about which nobody doubts. */
const mostYears = 118

/** Nothing where a mapping asks for more than can be told of cells one by one. */
export function openPlainRows(parts: PlainColumnsParts): PlainRows | undefined {
  const { plans, constants, doctor } = parts
  if (plans.some(isJoinedOrShared) || constants.some(isLookedAt)) return undefined
  const columns = plans.map((plan, index) => columnOf(plan, index, parts))
  if (hasGap(columns.reduce((bits, { address }) => bits | addressBits(address), 0))) return undefined
  const rows = {
    ...parts,
    columns,
    constants: constants.map(({ target }) => target.path),
    id: plans.findIndex(({ isId }) => isId),
  }
  if (doctor !== undefined) return withDoctor(rows, doctor)
  return createPlainRows({
    ...rows,
    cells: createBlankCounts(columns.length),
    passes: parts.passes ?? ((): boolean => true),
  })
}

/** What the doctor is told of all rows stands in its counts once they are counted. */
function withDoctor(
  parts: Omit<PlainRowsParts, 'cells' | 'passes'>,
  { emails, dates, columns: counts, doubted }: DoctorParts,
): PlainRows {
  const { columns, id, timesTold } = parts
  const indexOf = (path: string): number => columns.findIndex((column) => column.path === path)
  const postcodes = columns.flatMap(({ path, address }, zip) => {
    const country = indexOf(`addresses[${address}].country`)
    return path === `addresses[${address}].zip` && country >= 0 ? [[zip, country] as const] : []
  })
  const [email, birth] = [indexOf('email'), indexOf(born)]
  const looks = createDoctorLooks({ emails, dates, id, timesTold, email, born: birth, postcodes })
  const cells = createCellCounts(columns.map(({ cell }) => cell))
  const rows = createPlainRows({ ...parts, cells, passes: looks.passes })
  return {
    takes: rows.takes,
    counted() {
      const counted = rows.counted()
      cells.addTo(counts.counts, counted.rows)
      for (const { code, field, message, rows: times } of [...counted.doubts, ...looks.doubts()])
        doubted(code, field, message, times)
      return counted
    },
  }
}

function columnOf(
  { isId, assignments: [assignment] }: PlannedColumn,
  index: number,
  parts: PlainColumnsParts,
): PlainColumn {
  const { rules, doctor, year } = parts
  const { nullValues } = rules
  const distinct = doctor?.columns.counts[index]?.distinct
  const shared = { nullValues, distinct, years: [year - mostYears, year - 1] as const }
  if (assignment === undefined) {
    const cell = createPlainCell({ ...shared, form: 'any', isGood: (text) => !nullValues.has(text) })
    return { cell, path: '', blank: isId ? 'refuse' : 'keep', address: -1, doubt: '' }
  }
  const { target, blank = rules.blank } = assignment
  const text = doctor?.texts.find((column) => column.index === index)
  const isAsItStands = mustStand(target)
  const isGood = (cell: string): boolean => {
    const reading = readAssigned(cell, assignment, rules)
    if ('problems' in reading || reading.cleared || typeof reading.value !== 'string') return false
    if (isAsItStands && reading.value !== cell) return false
    if (target.path === born && !isYear(Number(cell.slice(6)), shared.years)) return false
    return text === undefined || textDamage(cell, text.isFree, text.isCode) === undefined
  }
  return {
    cell: createPlainCell({ ...shared, form: formOf(assignment, text?.isCode), isGood }),
    path: target.path,
    blank: blank === 'clear' || blank === 'keep' ? blank : 'refuse',
    address: target.kind === 'address' ? target.index : -1,
    doubt: doubtOfClearing(target.path),
  }
}

const born = 'date_of_birth'

/** Whether the doctor looks at what is sent, and not at the cell. */
function mustStand({ kind, path }: Target): boolean {
  return path === 'email' || path === born || (kind === 'address' && /\.(?:zip|country)$/.test(path))
}

function isYear(year: number, [from, to]: readonly [number, number]): boolean {
  return year >= from && year <= to
}

function isJoinedOrShared({ assignments }: PlannedColumn): boolean {
  return assignments.length > 1 || assignments.some(({ part }) => part !== undefined)
}

/** A constant that a look at single cells would miss. */
function isLookedAt({ target, value }: Constant): boolean {
  return value === '' || target.kind === 'address' || mustStand(target)
}

function formOf({ target, changes, conversion }: Assignment, isCode: boolean | undefined): CellForm {
  if (changes.length > 0 || conversion !== undefined) return 'other'
  const rule = target.kind === 'metadata' ? undefined : target.field.rule
  if (rule === undefined) return isCode === true ? 'code' : 'text'
  return rule === emailRule ? 'email' : rule === phoneRule ? 'phone' : rule === dateRule ? 'date' : 'other'
}

function addressBits(address: number): number {
  return address < 0 ? 0 : 1 << address
}
