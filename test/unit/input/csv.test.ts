import { describe, expect, it } from 'vitest'
import { parseCsv, type Dialect } from '../../../src/input/csv.ts'
import type { CsvRow, MalformedRow } from '../../../src/model/row.ts'

const commas: Dialect = { delimiter: ',', newline: '\n' }

async function read(
  text: string,
  blockSize = Buffer.byteLength(text) || 1,
): Promise<(CsvRow | MalformedRow)[]> {
  const bytes = Buffer.from(text)
  const blocks = async function* () {
    for (let at = 0; at < bytes.length; at += blockSize) yield bytes.subarray(at, at + blockSize)
  }
  const rows: (CsvRow | MalformedRow)[] = []
  for await (const batch of parseCsv(blocks(), commas, { row: 1, line: 1, offset: 0 })) rows.push(...batch)
  return rows
}

const cells = (rows: readonly (CsvRow | MalformedRow)[]) =>
  rows.map((row) => (row.kind === 'csv' ? row.cells : row.problem.code))

async function* returns(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('a,b\r1,x\ny\r"2\n",x\r3,z\r\n'))
}

describe('parseCsv', () => {
  it('numbers rows and names the physical line on which each starts', async () => {
    const rows = await read('a,b\r\n"x\r\ny",2\n\n\r\n3,"4"\n5,6')
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [1, 1],
      [2, 2],
      [3, 6],
      [4, 7],
    ])
    expect(cells(rows)).toEqual([
      ['a', 'b'],
      ['x\r\ny', '2'],
      ['3', '4'],
      ['5', '6'],
    ])
  })

  it('knows the bytes of each record', async () => {
    const text = 'é,1\r\n"東,\n京",2\n3,4'
    const bytes = Buffer.from(text)
    const rows = await read(text)
    expect(rows.map(({ offset, length }) => bytes.subarray(offset, offset + length).toString())).toEqual([
      'é,1',
      '"東,\n京",2',
      '3,4',
    ])
  })

  it('gives up one row where quotes contradict each other, and goes on behind it', async () => {
    expect(cells(await read('a"b,c\n"a"b,c\n"d""",e\n'))).toEqual(['E_QUOTE', 'E_QUOTE', ['d"', 'e']])
  })

  it('stops at a quote that is never closed and names the line', async () => {
    await expect(read('a,b\nc,"d\ne,f\n')).rejects.toMatchObject({
      code: 'E_UNCLOSED_QUOTE',
      message: expect.stringContaining('line 2'),
    })
  })

  it('names the line of the quote, which may not be that of its record', async () => {
    for (const size of [1, 5, 100]) {
      await expect(read('a,b,c\n"d\n\ne",f,"g\nh,i,j\n', size)).rejects.toMatchObject({
        message: 'the quote that is opened on line 4 is never closed',
      })
    }
  })

  it('gives up a row with a line break of another kind in an unquoted cell', async () => {
    expect(cells(await read('a,b\n1,x\ry\n"2\r",x\n"3\r",x\ry\n4,"""\r"""\r\n'))).toEqual([
      ['a', 'b'],
      'E_QUOTE',
      ['2\r', 'x'],
      'E_QUOTE',
      ['4', '"\r"'],
    ])
    const found: unknown[] = []
    for await (const rows of parseCsv(
      returns(),
      { delimiter: ',', newline: '\r' },
      {
        row: 1,
        line: 1,
        offset: 0,
      },
    ))
      found.push(...cells(rows))
    expect(found).toEqual([['a', 'b'], 'E_QUOTE', ['2\n', 'x'], ['3', 'z'], 'E_QUOTE'])
  })

  it('gives up a row of more than 4 MiB, and goes on behind it, unless a quote may hide its end', async () => {
    const long = 'x'.repeat(5_000_000)
    for (const end of ['\n', '\r\n']) {
      const rows = await read(`a,b${end}é,${long}${end}c,d${end}${long}`, 100_000)
      expect(rows.map((row) => (row.kind === 'csv' ? row.cells : row))).toMatchObject([
        ['a', 'b'],
        { row: 2, line: 2, offset: 3 + end.length, length: 5_000_003, problem: { code: 'E_TOO_LARGE' } },
        ['c', 'd'],
        { row: 4, line: 4, offset: 9 + 3 * end.length + 5_000_000, length: 5_000_000 },
      ])
    }
    await expect(read(`a,b\n${long},"\nc,d\n"\n`, 100_000)).rejects.toMatchObject({
      code: 'E_RECORD_TOO_LARGE',
    })
  })

  it.each([16_000, 250_000, 9_000_000])(
    'judges a row just over 4 MiB alike, wherever blocks of %i are cut',
    async (blockSize) => {
      const long = 'x'.repeat(4_250_000)
      expect(cells(await read(`${long},b\nc,d\n`, blockSize))).toEqual(['E_TOO_LARGE', ['c', 'd']])
      await expect(read(`"${long}",b\nc,d\n`, blockSize)).rejects.toMatchObject({
        code: expect.stringMatching(/^E_(RECORD_TOO_LARGE|UNCLOSED_QUOTE)$/),
      })
    },
  )
})
