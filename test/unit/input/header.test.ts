import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readHead, type FormatOptions, type Head } from '../../../src/input/header.ts'
import { rowsOf } from '../../../src/input/rows.ts'
import { openPassingInput } from '../../../src/engine/run-input.ts'

const wide = (text: string) => Buffer.from(text, 'utf16le')
const noOptions: FormatOptions = { format: undefined, delimiter: undefined }
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'header-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The head, and the first row behind it as `row line offset text`. */
async function head(
  text: string | Buffer,
  options = noOptions,
  name = 'crm.csv',
): Promise<Head & { readonly first: string }> {
  const path = join(folder, name)
  writeFileSync(path, text)
  const file = await openPassingInput(path, new AbortController().signal)
  try {
    const found = await readHead(file, options)
    for await (const [row] of rowsOf(file, found)) {
      if (row === undefined) continue
      const raw = await file.read(row.offset, row.length)
      return { ...found, first: `${row.row} ${row.line} ${row.offset} ${raw.toString()}` }
    }
    return { ...found, first: '' }
  } finally {
    await file.close()
  }
}

describe('the head of a file', () => {
  it.each([
    ['line feeds', 'a,b\n1,2\n', '\n', '1 2 4 1,2'],
    ['carriage return and line feed', 'a,b\r\n1,2\r\n', '\r\n', '1 2 5 1,2'],
    ['carriage returns', 'a,b\r1,2\r', '\r', '1 2 4 1,2'],
    ['no line end at all', 'a,b', '\n', ''],
    ['a byte order mark', '\ufeffa,b\n1,2\n', '\n', '1 2 7 1,2'],
    ['blank lines before it', '\n\r\na,b\n1,2\n', '\n', '1 4 7 1,2'],
    ['blank lines behind it', 'a,b\n\n\n1,2\n', '\n', '1 4 6 1,2'],
  ])('with %s', async (_what, text, lineEnd, first) => {
    expect(await head(text)).toMatchObject({
      format: 'csv',
      header: ['a', 'b'],
      headerText: 'a,b',
      lineEnd,
      first,
    })
  })

  it('keeps the header as it is written, also over several lines', async () => {
    expect(await head('"a\n1", b ,"c"""\r\n1,2,3\r\n')).toMatchObject({
      header: ['a\n1', ' b ', 'c"'],
      headerText: '"a\n1", b ,"c"""',
      first: '1 3 17 1,2,3',
    })
  })

  it.each(['\n', '\r\n', '\r'])(
    'may have other line breaks in its names than at its end: %j',
    async (lineEnd) => {
      for (const inner of ['\n', '\r\n', '\r']) {
        const found = await head(`"a${inner}1",b${lineEnd}1,2${lineEnd}`)
        expect(found).toMatchObject({ header: [`a${inner}1`, 'b'], lineEnd })
        expect(found.first).toMatch(/^1 \d \d+ 1,2$/)
      }
    },
  )

  it('is longer than a block', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `${'column '.repeat(100)}${index}`)
    const found = await head(`${names.join(',')}\n`)
    expect('header' in found ? found.header : []).toEqual(names)
  })

  it.each([
    ['{"a":1}\n', '1 1 0 {"a":1}', '\n'],
    ['\ufeff \r\n {"a":1}\r\n', '1 2 6  {"a":1}', '\r\n'],
    ['{"a":1}', '1 1 0 {"a":1}', '\n'],
    ['{"a":1}\r{"a":2}\r', '1 1 0 {"a":1}', '\r'],
  ])('is none in NDJSON, which starts with a brace: %j', async (text, first, lineEnd) => {
    expect(await head(text)).toMatchObject({ format: 'ndjson', first, lineEnd })
  })

  it.each<[string, FormatOptions, string, string]>([
    ['the option before the content', { ...noOptions, format: 'ndjson' }, 'crm.csv', 'ndjson'],
    ['CSV for what starts with a brace', { ...noOptions, format: 'csv' }, 'crm.ndjson', 'csv'],
  ])('follows %s', async (_what, options, name, format) => {
    expect((await head('{a}\n', options, name)).format).toBe(format)
  })

  it.each<[string, FormatOptions, string, string]>([
    ['a comma', noOptions, 'crm.csv', ','],
    ['what the content shows', noOptions, 'crm.csv', ';'],
    ['what the content shows before the name', noOptions, 'crm.tsv', '|'],
    ['a tab for .tsv', noOptions, 'crm.TSV', '\t'],
    ['a tab for --format tsv', { ...noOptions, format: 'tsv' }, 'crm.csv', '\t'],
    ['what --delimiter says', { format: 'tsv', delimiter: ';' }, 'crm.tsv', ';'],
  ])('is cut at %s', async (_what, options, name, delimiter) => {
    expect(await head(`a${delimiter}b\n`, options, name)).toMatchObject({
      dialect: { delimiter },
      header: ['a', 'b'],
    })
  })

  it.each([
    ['is blank', '\n\r\n', 'E_EMPTY'],
    ['holds a NUL byte', 'a,b\0\n1,2\n', 'E_BINARY'],
    ['has more than 1,000 columns', `a${',b'.repeat(1_000)}\n`, 'E_TOO_MANY_COLUMNS'],
    ['is longer than 4 MiB', 'x'.repeat(5_000_000), 'E_RECORD_TOO_LARGE'],
    ['has a misplaced quote', 'a"b,c\n', 'E_HEADER_QUOTE'],
    ['never closes a quote', '"a,b\n1,2\n', 'E_UNCLOSED_QUOTE'],
  ])('is refused where it %s', async (_what, text, code) => {
    await expect(head(text)).rejects.toMatchObject({ kind: 'INPUT', code })
  })

  it.each<[string, Buffer, string, string]>([
    ['.xlsx', Buffer.from('PK\u0003\u0004\u0014\0\u0006\0é', 'latin1'), 'a spreadsheet file', '"CSV UTF-8"'],
    ['.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'a spreadsheet file', '"CSV UTF-8"'],
    ['.xz', Buffer.from('fd377a585a00', 'hex'), 'compressed with xz', 'xzcat FILE'],
    ['.pdf', Buffer.from('%PDF-1.7\n'), 'a PDF document', '"CSV UTF-8"'],
    ['.png', Buffer.from('89504e470d0a1a0a', 'hex'), 'a picture (PNG)', '"CSV UTF-8"'],
    ['.jpg', Buffer.from('ffd8ffe000104a464946', 'hex'), 'a picture (JPEG)', '"CSV UTF-8"'],
    ['.rtf', Buffer.from('{\\rtf1\\ansi'), 'a text document (RTF)', '"CSV UTF-8"'],
    ['.csv', Buffer.from('\ufeff\r\n<!DOCTYPE html>\n<html>'), 'a web page (HTML)', 'logging in'],
    ['.xls', Buffer.from('<table border=1><tr><td>customer'), 'a table in HTML', '.xls'],
    ['.csv', Buffer.from('<?xml version="1.0"?>\n<rows/>'), 'an XML document', '"CSV UTF-8"'],
    [
      '.xlsx.gz',
      gzipSync(Buffer.from('PK\u0003\u0004\u0014\0', 'latin1')),
      'a spreadsheet file',
      '"CSV UTF-8"',
    ],
    ['.gz.gz', gzipSync(gzipSync('a,b\n1,2\n')), 'compressed twice', 'Decompress it once'],
    ['.gz.zst', zstdCompressSync(gzipSync('a,b\n1,2\n')), 'compressed twice', 'Decompress it once'],
    ['UTF-32', Buffer.from('a\0\0\0,\0\0\0b\0\0\0', 'latin1'), 'UTF-32', 'iconv -f UTF-32'],
    [
      'zeros, compressed',
      gzipSync(Buffer.alloc(100_000)),
      'not text: it holds NUL bytes',
      '--encoding utf-16le',
    ],
    ['a memory image', Buffer.from(`SQL,x\n${'\0'.repeat(1000)}`), 'not text: it holds NUL bytes', ''],
  ])('is refused where it is of %s, with what to do', async (_what, content, message, remedy) => {
    await expect(head(content)).rejects.toMatchObject({
      kind: 'INPUT',
      code: 'E_BINARY',
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    })
  })

  it.each<[string, Buffer]>([
    ['UTF-16 with its mark', wide('\ufeffa,b\n東,西\n')],
    ['UTF-16 without it', wide('a,b\n東,西\n')],
    ['UTF-16, the other way', wide('\ufeffa,b\n東,西\n').swap16()],
    ['gzip', gzipSync('a,b\n東,西\n')],
    ['zstd, with a byte order mark', zstdCompressSync('\ufeffa,b\n東,西\n')],
    ['gzip of UTF-16', gzipSync(wide('\ufeffa,b\n東,西\n'))],
  ])('is read from %s', async (_what, content) => {
    const found = await head(content)
    expect(found).toMatchObject({ header: ['a', 'b'], headerText: 'a,b' })
    expect(found.first).toBe(`1 2 ${found.start.offset} 東,西`)
  })

  it('leaves a NUL byte in a cell to its row', async () => {
    expect(await head('a,b\n1,x\0y\n')).toMatchObject({ header: ['a', 'b'], first: '1 2 4 1,x\0y' })
    expect(await head('a,b\n1,\0\0\n2,\0\0\n')).toMatchObject({ header: ['a', 'b'] })
  })

  it.each([
    ['[{"customer":"x"}]', 'a JSON array', "jq -c '.[]'"],
    ['\ufeff [\n  {"customer":"x"}\n]\n', 'a JSON array', "jq -c '.[]'"],
    ['[]', 'a JSON array', ''],
    ['{\n  "customer": "x"\n}\n', 'a JSON object over several lines', 'jq -c .'],
    ['{ \r\n  "customer": "x"\r\n}\r\n', 'a JSON object over several lines', 'jq -c .'],
  ])('is no NDJSON in %j', async (text, message, remedy) => {
    for (const format of [undefined, 'ndjson'] as const) {
      await expect(head(text, { ...noOptions, format }, 'crm.json')).rejects.toMatchObject({
        kind: 'INPUT',
        code: 'E_NOT_NDJSON',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      })
    }
  })

  it('is CSV where names are in brackets, or where that is said', async () => {
    expect(await head('[Customer],[Name]\n')).toMatchObject({
      format: 'csv',
      header: ['[Customer]', '[Name]'],
    })
    expect(await head('[]\n', { ...noOptions, format: 'csv' })).toMatchObject({ header: ['[]'] })
  })

  it.each([
    ['a CSV header', 'customer,name\nx,y\n', 'ndjson', 'it looks like CSV', '--format csv or tsv.'],
    ['a CSV header of one column', 'customer\nx\n', 'ndjson', 'it looks like CSV', '--format csv or tsv.'],
    ['an object', '{"customer":"x"}\n', 'csv', 'is NDJSON, and --format says csv', '--format ndjson.'],
    ['an object', '\n { "customer":"x;y"}\n', 'tsv', 'is NDJSON, and --format says tsv', '--format ndjson.'],
    ['a quote', '{"customer":"x","name":"a \\" b"}\n', 'csv', 'is NDJSON', '--format ndjson.'],
  ] as const)(
    'is refused with %s in %j that --format calls %s',
    async (_what, text, format, message, remedy) => {
      await expect(head(text, { ...noOptions, format })).rejects.toMatchObject({
        kind: 'INPUT',
        code: 'E_FORMAT',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      })
    },
  )

  it.each([
    ['oops\n{"customer":"x"}\n', 'ndjson'],
    ['{broken\n', 'ndjson'],
    ['null\n3\n', 'ndjson'],
    ['\n', 'ndjson'],
    ['{},customer\n', 'csv'],
    ['{customer},name\n', 'csv'],
  ] as const)('leaves %j, which --format calls %s, to its rows', async (text, format) => {
    expect((await head(text, { ...noOptions, format })).format).toBe(format)
  })

  it('is CSV where it is cut at the brace that an object begins with', async () => {
    const options = { format: 'csv', delimiter: '{' } as const
    expect(await head('{"customer"{"name"\n', options)).toMatchObject({ header: ['', 'customer', 'name'] })
  })
})
