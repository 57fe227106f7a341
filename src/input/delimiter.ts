/**
 * Which character a CSV file is cut at, found by trying. One that cuts the header is it; where several do, the one that cuts
 * the records as it cuts the header. A wrong one is never taken on suspicion: cells would go into other fields.
 */
import { BulkUpdateError } from '../model/errors.ts'
import { parseCsv } from './csv.ts'
import type { Dialect } from './csv-problems.ts'
import type { Newline } from './lines.ts'

const candidates = [',', ';', '\t', '|'] as const
type Candidate = (typeof candidates)[number]

/** Text and records that are looked at. */
const sampleLength = 64 * 1024
const mostRecords = 200

/** The best has to cut so many times as many records as the header as the next best does. */
const lead = 2

/** One that cuts the header. */
interface Trial {
  readonly delimiter: Candidate
  /** Cells of the header. */
  readonly columns: number
  /** The part of the records that it cuts as it cuts the header. */
  readonly agreeing: number
}

/**
 * The delimiter of a CSV text that begins with `text`. A file of one column has none, and gets `promised` or a comma.
 *
 * @throws BulkUpdateError INPUT, E_DELIMITER, where several would do
 */
export async function findDelimiter(
  text: string,
  newline: Newline,
  promised: Candidate | undefined,
  path: string,
): Promise<string> {
  const sample = text.slice(0, sampleLength)
  const trials: Trial[] = []
  for (const delimiter of candidates) {
    const [columns = 0, ...widths] = await widthsIn(sample, { delimiter, newline })
    // Where there is more text than is looked at, the last record may be cut.
    if (sample.length === sampleLength) widths.pop()
    const agreeing = widths.filter((width) => width === columns).length / widths.length
    if (columns > 1) trials.push({ delimiter, columns, agreeing })
  }
  const [best, next] = trials.toSorted((one, other) => other.agreeing - one.agreeing)
  if (best === undefined) return promised ?? ','
  if (next === undefined || best.agreeing > next.agreeing * lead) return best.delimiter
  if (promised !== undefined && trials.some(({ delimiter }) => delimiter === promised)) return promised
  throw inDoubt(trials, path)
}

/** Cells of the first records, the header being one; 0 where one is malformed. */
async function widthsIn(text: string, dialect: Dialect): Promise<readonly number[]> {
  const widths: number[] = []
  try {
    for await (const rows of parseCsv([Buffer.from(text)], dialect, 0, { row: 0, line: 1, offset: 0 }))
      widths.push(...rows.map((row) => (row.kind === 'csv' ? row.cells.length : 0)))
  } catch (error) {
    // A quote that is still open: of a record that is cut, or of another delimiter's file. Whoever reads the rows will say so.
    if (!(error instanceof BulkUpdateError)) throw error
  }
  return widths.slice(0, mostRecords)
}

const names: Readonly<Record<Candidate, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'pipes',
}

const options: Readonly<Record<Candidate, string>> = {
  ',': '--delimiter ","',
  ';': '--delimiter ";"',
  '\t': '--format tsv',
  '|': '--delimiter "|"',
}

function inDoubt(trials: readonly Trial[], path: string): BulkUpdateError {
  const found = trials.map(({ delimiter, columns }) => `${columns} columns with ${names[delimiter]}`)
  return new BulkUpdateError(
    'E_DELIMITER',
    `${path} can be cut in several ways: its header has ${found.join(', ')}`,
    `Say which is meant: ${trials.map(({ delimiter }) => options[delimiter]).join(' or ')}. Nothing was sent.`,
  )
}
