/** `--format-errors`: one line for each defect, as annotations of GitHub or as CSV. */
import type { Defect } from '../validation/checks.ts'
import { printable } from '../model/text.ts'
import { csvText } from '../report/csv-text.ts'
import type { CommandOptions } from '../config/options.ts'

export type DefectFormat = NonNullable<CommandOptions<'validate'>['formatErrors']>

export interface DefectLines {
  /** Before the first one; may be empty. */
  readonly header: string
  readonly lineOf: (defect: Defect) => string
}

/** `input` is the path that annotations name. */
export function defectLines(format: DefectFormat, input: string): DefectLines {
  if (format !== 'csv') return { header: '', lineOf: (defect) => annotation(defect, input) }
  return {
    header: 'row,line,column,name,severity,code,field,message,tip\n',
    lineOf: ({ row, line, column, severity, code, field, message, tip }) =>
      csvText([[row, line, column?.number ?? '', column?.name ?? '', severity, code, field, message, tip]]),
  }
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions: values are escaped by hand. */
function annotation(defect: Defect, input: string): string {
  const { severity, row, line, column, code, field, message, tip } = defect
  const place = row === 0 ? 'the header' : `row ${row}`
  const where = `${place}${column === undefined ? '' : `, ${columnText(column.name, column.number)}`}`
  const title = property(printable(`${code} ${field}`.trim()))
  return `::${severity} file=${property(input)},line=${line},title=${title}::${data(`${where}: ${printable(message)}. ${tip}`)}\n`
}

function columnText(name: string, number: number | undefined): string {
  return number === undefined ? `key "${printable(name)}"` : `column ${number} "${printable(name)}"`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
