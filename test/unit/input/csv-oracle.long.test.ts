/** The reader against an independent one: the same rows, lines, bytes and cells, wherever the blocks are cut. */
import { isUtf8 } from 'node:buffer'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import naughty from 'big-list-of-naughty-strings/blns.json' with { type: 'json' }
import * as fc from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import type { CsvRow, MalformedRow } from '../../../src/model/row.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import { parseCsv, type Dialect } from '../../../src/input/csv.ts'
import { oracleRows, type OracleRows } from '../../support/csv-oracle.ts'

async function readRows(blocks: readonly Buffer[], dialect: Dialect): Promise<OracleRows> {
  const rows: (CsvRow | MalformedRow)[] = []
  try {
    for await (const batch of parseCsv(blocks, dialect, { row: 1, line: 1, offset: 0 })) rows.push(...batch)
    return { rows }
  } catch (error) {
    if (!(error instanceof BulkUpdateError) || error.code !== 'E_UNCLOSED_QUOTE') throw error
    return { rows, openLine: Number(/\d+/.exec(error.message)?.[0]) }
  }
}

/** Where a quote never closes, complete rows before it may come or not: such a file is refused as a whole. */
function expectAlike(found: OracleRows, wanted: OracleRows): void {
  expect(found.openLine).toBe(wanted.openLine)
  expect(found.rows).toEqual(
    wanted.openLine === undefined ? wanted.rows : wanted.rows.slice(0, found.rows.length),
  )
}

/** Reads the bytes whole, cut in two at every place or so many of them, and byte by byte. */
async function compare(bytes: Buffer, dialect: Dialect, cuts = bytes.length): Promise<void> {
  const wanted = oracleRows(bytes.toString(), dialect)
  expectAlike(await readRows([bytes], dialect), wanted)
  const step = Math.max(1, Math.floor(bytes.length / cuts))
  for (let at = 1; at < bytes.length; at += step)
    expectAlike(await readRows([bytes.subarray(0, at), bytes.subarray(at)], dialect), wanted)
  if (cuts === bytes.length)
    expectAlike(
      await readRows(
        Array.from(bytes, (byte) => Buffer.of(byte)),
        dialect,
      ),
      wanted,
    )
}

const delimiters = [',', ';', '\t', '|']
const dialects = delimiters.flatMap((delimiter): Dialect[] => [
  { delimiter, newline: '\n' },
  { delimiter, newline: '\r' },
])
const spectrum = join(dirname(fileURLToPath(import.meta.resolve('csv-spectrum'))), 'csvs')
const fieldCases = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'field-cases')

/** Text of all kinds of records, good and bad. `end` is how lines mostly end. */
const anyText = (delimiter: string, end: string): fc.Arbitrary<string> => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'é', '😀', ' ', delimiter, '""', '\n', '\r\n', '\r', '\ufeff'),
    maxLength: 5,
  })
  const piece = fc.oneof(
    { weight: 6, arbitrary: cell.map((text) => `"${text}"`) },
    { weight: 6, arbitrary: fc.constantFrom('', 'a', 'é', '😀', ' b', '1.5') },
    { weight: 1, arbitrary: fc.constantFrom('a"b', '"a"b', '"', '"x" ', '\r', '\n', 'rapyd_bulk_raw: x') },
  )
  const separator = fc.oneof(
    { weight: 8, arbitrary: fc.constant(delimiter) },
    { weight: 4, arbitrary: fc.constant(end) },
    { weight: 1, arbitrary: fc.constantFrom('\n', '\r\n', '\r', `${end}${end}`) },
  )
  return fc
    .array(fc.tuple(piece, separator), { maxLength: 14 })
    .map((pieces) => pieces.flat().join(''))
    .chain((text) => fc.constantFrom(text, text.slice(0, -1), `${end}${text}`, `\ufeff${text}`))
}

describe('csv-parse and the oracle read alike', () => {
  it.each(dialects)('generated text with %j, cut at every byte', async (dialect) => {
    const ends = dialect.newline === '\r' ? ['\r'] : ['\n', '\r\n']
    for (const end of ends)
      await fc.assert(
        fc.asyncProperty(anyText(dialect.delimiter, end), async (text) => {
          await compare(Buffer.from(text), dialect)
        }),
        { numRuns: 150 },
      )
  })

  it.each(readdirSync(spectrum))('%s of csv-spectrum, cut at every byte', async (name) => {
    const bytes = readFileSync(join(spectrum, name))
    for (const dialect of dialects) await compare(bytes, dialect)
  })

  it('naughty strings, as they are and quoted', async () => {
    const quoted = naughty.map((text) => `"${text.replaceAll('"', '""')}"`)
    for (const dialect of dialects)
      for (const cells of [naughty, quoted]) {
        const text = cells
          .map((cell, index) => [index, cell, 'x'].join(dialect.delimiter))
          .join(dialect.newline)
        await compare(Buffer.from(text), dialect, 5)
      }
  })

  const files = existsSync(fieldCases)
    ? readdirSync(fieldCases, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : []
  it.skipIf(files.length === 0)('files from the field', async () => {
    let read = 0
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(join(parentPath, name)).subarray(0, 200_000)
      if (!isUtf8(bytes)) continue
      read++
      for (const dialect of dialects) await compare(bytes, dialect, 10)
    }
    expect(read).toBeGreaterThan(30)
  })
})

describe('where csv-parse reads otherwise on purpose', () => {
  const commas: Dialect = { delimiter: ',', newline: '\n' }

  it('a NUL behind a closing quote is text of the cell, and not a malformed row', async () => {
    const text = '1,"a"\0\n2,b\n'
    expect((await readRows([Buffer.from(text)], commas)).rows).toMatchObject([
      { cells: ['1', 'a\0'] },
      { cells: ['2', 'b'] },
    ])
    expect(oracleRows(text, commas).rows).toMatchObject([{ kind: 'malformed' }, { cells: ['2', 'b'] }])
  })
})
