import * as fc from '../../support/properties.ts'
import { describe, expect, test } from 'vitest'
import type { MalformedRow, NdjsonRow } from '../../../src/model/row.ts'
import { longestRecord } from '../../../src/input/lines.ts'
import { parseNdjson } from '../../../src/input/rows.ts'

type ReadRow = NdjsonRow | MalformedRow

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function rowsOf(
  chunks: AsyncIterable<Buffer>,
  start = { row: 1, line: 1, offset: 0 },
): Promise<ReadRow[]> {
  const rows: ReadRow[] = []
  for await (const batch of parseNdjson(chunks, start)) rows.push(...batch)
  return rows
}

const read = (text: string, size = 65_536) => rowsOf(cut(Buffer.from(text), size))

/** `row line offset length` and the record, or the code of the problem. */
const brief = (row: ReadRow) =>
  `${row.row} ${row.line} ${row.offset} ${row.length} ` +
  (row.kind === 'ndjson' ? JSON.stringify(row.record) : row.problem.code)

describe('lines', () => {
  test('end with a line feed, with or without a carriage return, and the last one needs none', async () => {
    const rows = await read('{"a":1}\n{"a":2}\r\n{"a":3}')
    expect(rows.map(brief)).toEqual(['1 1 0 7 {"a":1}', '2 2 8 7 {"a":2}', '3 3 17 7 {"a":3}'])
  })

  test('end with a carriage return where that is said', async () => {
    const rows: ReadRow[] = []
    const text = Buffer.from('{"a":1}\r\r{"a":\n2}\r{"a":3}')
    for await (const batch of parseNdjson(cut(text, 3), { row: 1, line: 1, offset: 0 }, '\r'))
      rows.push(...batch)
    expect(rows.map(brief)).toEqual(['1 1 0 7 {"a":1}', '2 3 9 8 {"a":2}', '3 4 18 7 {"a":3}'])
  })

  test('that are blank are no rows but are counted', async () => {
    const rows = await read('\n \t\r\n{"a":1}\n\r\n\n{"a":2}\n  ')
    expect(rows.map(brief)).toEqual(['1 3 5 7 {"a":1}', '2 6 16 7 {"a":2}'])
  })

  test('are measured in bytes, not characters', async () => {
    const rows = await read('{"a":"東京😀"}\n{"a":"é"}\n')
    expect(rows.map(brief)).toEqual(['1 1 0 18 {"a":"東京😀"}', '2 2 19 10 {"a":"é"}'])
  })

  test('are numbered from where the caller says', async () => {
    const rows = await rowsOf(cut(Buffer.from('\n{"a":1}\n'), 3), { row: 7, line: 20, offset: 500 })
    expect(rows.map(brief)).toEqual(['7 21 501 7 {"a":1}'])
  })

  test('that are wrong are rows, and the next one is read', async () => {
    const rows = await read('{"a":1,}\n[]\n{"a":1,"a":2}\n\ufeff{"a":1}\n{"a":1}')
    expect(rows.map(brief)).toEqual([
      '1 1 0 8 E_JSON',
      '2 2 9 2 E_NOT_OBJECT',
      '3 3 12 13 E_DUPLICATE_KEY',
      '4 4 29 7 {"a":1}',
      '5 5 37 7 {"a":1}',
    ])
  })

  test('come in one batch per chunk, and a chunk without a whole line gives none', async () => {
    const sizes: number[] = []
    const chunks = (async function* () {
      for (const text of ['{"a":1}\n{"a":2}\n{"a"', ':', '3}\n', '{"a":4}']) yield Buffer.from(text)
    })()
    for await (const batch of parseNdjson(chunks, { row: 1, line: 1, offset: 0 })) sizes.push(batch.length)
    expect(sizes).toEqual([2, 1, 1])
  })

  test('none at all is no batch', async () => {
    expect(await read('')).toEqual([])
    expect(await read('\n\n')).toEqual([])
  })
})

test('chunks may end anywhere: rows and places stay the same', async () => {
  const line = fc.oneof(
    fc.constantFrom('', ' ', '{"a":1}', '{"a":"東京😀"}', '{"a":1,}', '[]', '{"é":1.50}'),
    fc
      .dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))
      .map((o) => JSON.stringify(o)),
  )
  const ending = fc.constantFrom('\n', '\r\n')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(line, ending)),
      line,
      fc.integer({ min: 1, max: 40 }),
      async (lines, last, size) => {
        const text = lines.map(([body, end]) => body + end).join('') + last
        const rows = await read(text, size)
        expect(rows).toEqual(await read(text))
        // Each row's bytes are the line that stands on its line.
        const bytes = Buffer.from(text)
        const bodies = [...lines.map(([body]) => body), last]
        expect(rows.map((row) => bytes.toString('utf8', row.offset, row.offset + row.length))).toEqual(
          rows.map((row) => bodies[row.line - 1]),
        )
        expect(rows).toHaveLength(bodies.filter((body) => body.trim() !== '').length)
      },
    ),
  )
})

/** A line of exactly so many bytes. */
const record = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`

describe('a line over 4 MiB', () => {
  test.each([65_536, 100 * 1024 * 1024])(
    'is a malformed row, one of 4 MiB is not (chunks of %i)',
    async (size) => {
      const text = `${record(longestRecord)}\r\n${record(longestRecord + 1)}\r\n{"a":1}\n${record(longestRecord + 1)}`
      const rows = await read(text, size)
      expect(rows.map((row) => [row.kind, row.line, row.offset, row.length])).toEqual([
        ['ndjson', 1, 0, longestRecord],
        ['malformed', 2, longestRecord + 2, longestRecord + 1],
        ['ndjson', 3, 2 * longestRecord + 5, 7],
        ['malformed', 4, 2 * longestRecord + 13, longestRecord + 1],
      ])
      expect(rows.flatMap((row) => (row.kind === 'malformed' ? [row.problem.code] : []))).toEqual([
        'E_TOO_LARGE',
        'E_TOO_LARGE',
      ])
    },
  )

  test('is passed over without being kept', async () => {
    const megabyte = 1024 * 1024
    let mostHeld = 0
    const chunks = (async function* () {
      const before = process.memoryUsage().arrayBuffers
      for (let count = 0; count < 512; count += 1) {
        yield Buffer.alloc(megabyte, 'x')
        mostHeld = Math.max(mostHeld, process.memoryUsage().arrayBuffers - before)
      }
      yield Buffer.from('\n{"a":1}')
    })()
    const rows = await rowsOf(chunks)
    expect(rows.map(brief)).toEqual([
      `1 1 0 ${512 * megabyte} E_TOO_LARGE`,
      `2 2 ${512 * megabyte + 1} 7 {"a":1}`,
    ])
    // What the garbage collector has not fetched yet counts too, so the bound is loose.
    expect(mostHeld).toBeLessThan(256 * megabyte)
  })
})
