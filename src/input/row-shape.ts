/**
 * Which records of a CSV file are rows. Lines that hold nothing are left out. Lines that are something else are refused: another
 * header, a footer, and lines that may be text of a broken cell. The result depends on the file alone.
 */
import type { Problem } from '../model/errors.ts'
import { isInvisible } from '../model/invisible.ts'
import { rawRowMark, type CsvRow, type MalformedRow } from '../model/row.ts'
import type { OnSetAside } from '../model/scan.ts'
import { normalise } from '../model/text.ts'
import { hasBrokenQuote } from './csv.ts'
import { recordProblem } from './lines.ts'
import { refusal } from './refusals.ts'
import footerWords from './footer-words.json' with { type: 'json' }

type CsvRecord = CsvRow | MalformedRow
type CsvRecords = AsyncIterable<readonly CsvRecord[]>

/** What every customer id begins with. */
const idStart = 'cus_'
/** With more lines than these, it is no footer. */
const mostFooterLines = 20
const longestFooterLine = 1_000

/**
 * Gives rows of the header's width and malformed rows, with numbers from `first` on. `endsLine`: whether a byte follows at an offset.
 *
 * @throws BulkUpdateError INPUT, E_OTHER_HEADER, if further rows have other columns
 */
export async function* shapeRows(
  records: CsvRecords,
  { header, skipFooter }: { readonly header: readonly string[]; readonly skipFooter: boolean },
  first: number,
  onSetAside: OnSetAside,
  endsLine: (offset: number) => Promise<boolean>,
): AsyncGenerator<readonly CsvRecord[]> {
  const shape = createShaper(header, onSetAside)
  let next = first
  let footer: CsvRecord[] = []
  /** The first line of the footer begins like a remark or a total. */
  let isRemark = false
  const numbered = (row: CsvRecord): CsvRecord => {
    const number = next++
    return row.row === number ? row : { ...row, row: number }
  }
  for await (const batch of records) {
    const rows: CsvRecord[] = []
    for (const record of batch) {
      const row = shape(record)
      if (row === undefined) continue
      if (footer.length < mostFooterLines && isFooterLine(record, header.length)) {
        if (footer.length === 0) isRemark = startsAsFooter(record.cells)
        footer.push(row)
        continue
      }
      if (footer.length > 0) rows.push(...footer.splice(0).map(numbered))
      rows.push(numbered(row))
    }
    if (rows.length > 0) yield rows
  }
  const [start, end] = [footer[0], footer.at(-1)]
  if (start === undefined || end === undefined) return
  const lines = end.line + (end.lines ?? 1) - start.line
  const length = end.offset + end.length - start.offset
  // A single line of any text without an end may be a row that was cut. Without a row before them, they are the rows.
  const isFooter = next > 1 && (isRemark || footer.length > 1 || (await endsLine(start.offset + length)))
  if (!isFooter) yield footer.map(numbered)
  else if (skipFooter) onSetAside('footer_lines', start.line, lines)
  else yield [numbered(refuse({ ...start, length, lines }, footerProblem))]
}

function refuse({ row, line, offset, length, lines = 1 }: CsvRecord, problem: Problem): MalformedRow {
  return { kind: 'malformed', row, line, offset, length, lines, problem }
}

const footerProblem = recordProblem('E_FOOTER', 'no row, but a footer: a total or a remark')
const headerAgain = recordProblem('E_HEADER_AGAIN', 'the header again: another file seems to be joined here')
const joinedLine = recordProblem(
  'E_COLUMNS',
  'a byte order mark inside: two files are joined without a line end',
)
const stillRaw = recordProblem(
  'E_RAW_ROW',
  'is still the text that an errors file keeps of a row it could not cut',
)

/** Returns undefined for a line that holds nothing. A missing cell must not count as blank, so other widths are malformed. */
function createShaper(header: readonly string[], onSetAside: OnSetAside) {
  const width = header.length
  const own = header.map(normalise)
  const names = new Set(own.filter((name) => !isBlank(name)))
  const longestName = Math.max(...header.map((name) => name.length))
  return (record: CsvRecord): CsvRecord | undefined => {
    if (record.kind === 'malformed') return record
    const { cells, line } = record
    const [first = ''] = cells
    const isId = first.startsWith(idStart) && first.length > longestName
    if (!isId && isEmpty(first) && cells.every(isEmpty)) {
      onSetAside('blank_lines', line)
      return undefined
    }
    if (!isId && isHeader(cells, names)) {
      if (own.every((name, index) => name === normalise(cells[index] ?? '')))
        return refuse(record, headerAgain)
      throw refusal('E_OTHER_HEADER', 'otherHeader', { line })
    }
    if (cells.length > width && cells.slice(width).every(isBlank)) {
      onSetAside('surplus_cells', line)
      return { ...record, cells: cells.slice(0, width) }
    }
    if (cells.length !== width)
      return refuse(
        record,
        cells.some((cell) => cell.includes('\ufeff'))
          ? joinedLine
          : recordProblem(
              'E_COLUMNS',
              `has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, the header has ${width}`,
            ),
      )
    return first.startsWith(rawRowMark) ? refuse(record, stillRaw) : record
  }
}

/** DOS ends a file with U+001A. */
function isBlank(cell: string): boolean {
  return cell === '' || cell === '\u001a' || isInvisible(cell)
}

/** Also true for a line that is drawn between header and rows: `---|---`. */
function isEmpty(cell: string): boolean {
  return isBlank(cell) || /^\s*[:+|]?[-=_]{2}[-=_:+|\s]*$/.test(cell)
}

/** True if the first cell and most others are names of columns, which are compared as a mapping compares them. */
function isHeader([first = '', ...others]: readonly string[], names: ReadonlySet<string>): boolean {
  if (!names.has(normalise(first))) return false
  const filled = others.filter((cell) => !isBlank(cell))
  const known = filled.filter((cell) => names.has(normalise(cell))).length
  return names.size === 1 || (known > 0 && (known + 1) * 2 > filled.length + 1)
}

const footerStart = new RegExp(
  `^[\\s(*=#/-]*(?:(?:${footerWords.starts.join('|')})(?!\\p{L})|\\d[\\d.,\\s]*(?:${footerWords.counted.join('|')})(?!\\p{L}))|^[-=*#_/]{2}`,
  'iu',
)
const numbersOnly = /^[\s\d.,:%()/+$€£-]*(?:\d\s?\p{L}+)?$/u

function startsAsFooter(cells: readonly string[]): boolean {
  return footerStart.test(cells.find((cell) => !isBlank(cell))?.trim() ?? '')
}

/** True if a record names no customer, and is a remark, a total, or one cell where the others have several. */
function isFooterLine(record: CsvRecord, width: number): record is CsvRow {
  if (record.kind === 'malformed' || width < 2 || record.length > longestFooterLine) return false
  const { cells } = record
  if (cells.some((cell) => cell.includes(idStart))) return false
  const [only = '', ...more] = cells.filter((cell) => !isBlank(cell))
  if (startsAsFooter(cells)) return cells.length !== width || more.every((cell) => numbersOnly.test(cell))
  if (more.length > 0) return false
  if (cells.length < width) return true
  return only === cells[0] ? /\S\s+\S/.test(only) : numbersOnly.test(only)
}

/** Lines that a broken cell may have, as far as is looked for its end. */
const mostCellLines = 1_000
/** Bytes of rows that wait for that. */
const mostHeldBytes = 16 * 1024 * 1024

const nearBrokenQuote = recordProblem(
  'E_NEAR_BROKEN_QUOTE',
  'between rows with broken quotes, so it may be text of their cell',
)

/**
 * Refuses the rows between two records with broken quotes that are at most 1,000 lines apart: they may be the text of a broken cell. Rows
 * that are too large to wait for the second one are refused without it.
 */
export async function* refuseBrokenCells(source: CsvRecords): AsyncGenerator<readonly CsvRecord[]> {
  let held: CsvRecord[] = []
  let heldBytes = 0
  /** The last line of the last record with broken quotes. */
  let brokenLine: number | undefined
  for await (const batch of source) {
    const rows: CsvRecord[] = []
    const release = (toRow: (row: CsvRecord) => CsvRecord): void => {
      for (const row of held) rows.push(toRow(row))
      held = []
      heldBytes = 0
    }
    for (const row of batch) {
      if (brokenLine !== undefined && row.line - brokenLine > mostCellLines) {
        release((kept) => kept)
        brokenLine = undefined
      }
      if (isBroken(row)) {
        release(toRefused)
        brokenLine = row.line + (row.lines ?? 1) - 1
        rows.push(row)
      } else if (brokenLine === undefined) rows.push(row)
      else {
        held.push(row)
        heldBytes += row.length
        if (heldBytes > mostHeldBytes) release(toRefused)
      }
    }
    if (rows.length > 0) yield rows
  }
  if (held.length > 0) yield held
}

function isBroken(row: CsvRecord): boolean {
  return row.kind === 'malformed' && hasBrokenQuote(row)
}

function toRefused(row: CsvRecord): MalformedRow {
  return row.kind === 'malformed' ? row : refuse(row, nearBrokenQuote)
}
