/** What the doctor and the rules ask of each column of a CSV file, put together for rows that are counted as bytes. */
import type { CsvColumns } from '../doctor/columns.ts'
import type { DateOrder } from '../doctor/date-order.ts'
import type { TextColumns } from '../doctor/examine.ts'
import type { SharedEmails } from '../doctor/shared-emails.ts'
import { textDamage } from '../doctor/text-damage.ts'
import type { CellRules } from '../mapping/cells.ts'
import { readCell } from '../mapping/cells.ts'
import type { PlannedColumn } from '../mapping/column-plans.ts'
import type { Target } from '../mapping/targets.ts'
import { createPlainCell } from './plain-cell.ts'
import type { CellForm } from './plain-cell.ts'
import { createPlainRows } from './plain-rows.ts'
import type { PlainColumn, PlainRows, PlainRowsParts } from './plain-rows.ts'
import { doubtOfClearing } from '../rapyd/doubts.ts'
import { dateRule, emailRule, phoneRule } from '../rapyd/field-rules.ts'

export interface PlainColumnsParts extends Pick<PlainRowsParts, 'timesTold' | 'customers'> {
  readonly emails: SharedEmails
  readonly dates: DateOrder
  readonly plans: readonly PlannedColumn[]
  readonly texts: TextColumns
  readonly columns: CsvColumns
  readonly rules: CellRules
  /** The year of today. */
  readonly year: number
}

/** Ages about which nobody doubts. */
const mostYears = 118

export function openPlainRows(parts: PlainColumnsParts): PlainRows {
  const { plans, rules, texts, columns: counted, year } = parts
  const years = [year - mostYears, year - 1] as const
  const columns = plans.map(({ isId, targets: [target] }, index): PlainColumn => {
    const count = counted.counts[index]
    if (count === undefined) throw new Error('a column that nobody counts')
    const { nullValues } = rules
    if (target === undefined) {
      const cell = createPlainCell({
        form: 'any',
        isGood: (text) => !nullValues.has(text),
        nullValues,
        distinct: count.distinct,
        years,
      })
      return { cell, count, path: '', blank: isId ? 'refuse' : 'keep', address: -1, doubt: '' }
    }
    const text = texts.find((column) => column.index === index)
    const form = formOf(target, text?.isCode)
    const isGood = (cell: string): boolean => {
      const reading = readCell(
        cell,
        target.path,
        target.kind === 'metadata' ? undefined : target.field,
        rules,
      )
      if (!('text' in reading) || reading.text !== cell || isWhole(target)) return false
      if (form === 'date') return Number(cell.slice(6)) >= years[0] && Number(cell.slice(6)) <= years[1]
      return text === undefined || textDamage(cell, text.isFree, text.isCode) === undefined
    }
    return {
      cell: createPlainCell({ form, isGood, nullValues, distinct: count.distinct, years }),
      count,
      path: target.path,
      blank: rules.blank === 'reject' ? 'refuse' : rules.blank,
      address: target.kind === 'address' ? target.index : -1,
      doubt: doubtOfClearing(target.path),
    }
  })
  const indexOf = (path: string): number => columns.findIndex((column) => column.path === path)
  const postcodes = columns.flatMap(({ path, address }, zip) => {
    const country = indexOf(`addresses[${address}].country`)
    return path === `addresses[${address}].zip` && country >= 0 ? [[zip, country] as const] : []
  })
  return createPlainRows({
    ...parts,
    columns,
    id: plans.findIndex(({ isId }) => isId),
    email: indexOf('email'),
    born: indexOf('date_of_birth'),
    postcodes,
  })
}

/** Cells that hold JSON. */
function isWhole(target: Target): boolean {
  return target.kind === 'field' && target.field.type !== 'text'
}

function formOf(target: Target, isCode: boolean | undefined): CellForm {
  if (isWhole(target)) return 'other'
  const rule = target.kind === 'metadata' ? undefined : target.field.rule
  if (rule === undefined) return isCode === true ? 'code' : 'text'
  return rule === emailRule ? 'email' : rule === phoneRule ? 'phone' : rule === dateRule ? 'date' : 'other'
}
