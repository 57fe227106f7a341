import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from '../../support/properties.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MalformedRow, Row } from '../../../src/model/row.ts'
import { openInput, type InputFile } from '../../../src/input/bytes.ts'
import type { Encoding } from '../../../src/input/encoding.ts'
import { readHead, type Head } from '../../../src/input/header.ts'
import { rowAt, rowsOf } from '../../../src/input/rows.ts'
import { textOf } from '../../../src/input/spool.ts'
import { openPassingInput } from '../../../src/engine/run-input.ts'

const never = new AbortController().signal
const noOptions = { format: undefined, delimiter: undefined }
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opening-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const texts = {
  'utf-8': (text: string) => Buffer.from(text),
  'utf-8 with its mark': (text: string) => Buffer.from(`\ufeff${text}`),
  'utf-16le': (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'utf-16be': (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  'utf-16le without its mark': (text: string) => Buffer.from(text, 'utf16le'),
  'windows-1252': (text: string) => Buffer.from(text.replaceAll('€', '\u0080'), 'latin1'),
} as const
type Written = keyof typeof texts
const written = Object.keys(texts).filter((name): name is Written => Object.hasOwn(texts, name))

const packed = {
  plain: (bytes: Buffer) => bytes,
  gz: (bytes: Buffer) => gzipSync(bytes),
  zst: (bytes: Buffer) => zstdCompressSync(bytes),
} as const
const packings = ['plain', 'gz', 'zst'] as const

const asked = (name: Written): Encoding | undefined => (name === 'windows-1252' ? name : undefined)

/** Three rows, one over two lines, with every kind of character that all encodings have. */
const csv = (delimiter: string, newline: string): string =>
  [
    'customer,name,metadata.note',
    'cus_1,José,"5 €, net"',
    '',
    `"cus_2","a${newline}b","say ""ß"""`,
    'cus_3,,é',
  ]
    .map((line) => line.replaceAll(/,(?! net)/g, delimiter))
    .join(newline)

const content = (rows: readonly (Row | MalformedRow)[]) =>
  rows.map((row) => ({
    row: row.row,
    line: row.line,
    cells: row.kind === 'csv' ? row.cells : row.kind === 'ndjson' ? row.record : row.problem.code,
  }))

async function allRows(file: InputFile, head: Head): Promise<(Row | MalformedRow)[]> {
  const rows: (Row | MalformedRow)[] = []
  for await (const batch of rowsOf(file, head)) rows.push(...batch)
  return rows
}

async function using<T>(
  bytes: Buffer,
  encoding: Encoding | undefined,
  use: (file: InputFile) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'export')
  writeFileSync(path, bytes)
  const file = await openPassingInput(path, never, { encoding })
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

describe.each(written)('a file in %s', (name) => {
  it.each(packings)('%s, gives the same rows with every delimiter and line end', async (packing) => {
    for (const delimiter of [',', ';', '\t', '|']) {
      for (const newline of ['\n', '\r\n', '\r']) {
        const bytes = packed[packing](texts[name](csv(delimiter, newline)))
        await using(bytes, asked(name), async (file) => {
          const head = await readHead(file, noOptions)
          expect(head).toMatchObject({ dialect: { delimiter }, lineEnd: newline })
          const rows = await allRows(file, head)
          expect(content(rows)).toEqual([
            { row: 1, line: 2, cells: ['cus_1', 'José', '5 €, net'] },
            { row: 2, line: 4, cells: ['cus_2', `a${newline}b`, 'say "ß"'] },
            { row: 3, line: 6, cells: ['cus_3', '', 'é'] },
          ])
          for (const row of rows) {
            expect(await rowAt(file, head, row)).toEqual(row)
            // A run that goes on starts at a row's place.
            for await (const [first] of rowsOf(file, head, row)) {
              expect(first).toEqual(row)
              break
            }
          }
          expect(await file.digest()).toBe(createHash('sha256').update(bytes).digest('hex'))
          expect(file.size).toBe(bytes.length)
        })
      }
    }
  })

  it.each(packings)(
    '%s, names the line on which a quote is opened, with every delimiter and line end',
    async (packing) => {
      for (const delimiter of [',', ';', '\t', '|']) {
        for (const newline of ['\n', '\r\n', '\r']) {
          const text = `${csv(delimiter, newline)}${newline}"cus_4"${delimiter}"x${newline}y"${delimiter}"é${newline}cus_5`
          await using(packed[packing](texts[name](text)), asked(name), async (file) => {
            const head = await readHead(file, noOptions)
            await expect(allRows(file, head)).rejects.toMatchObject({
              code: 'E_UNCLOSED_QUOTE',
              message: 'the quote that is opened on line 8 is never closed',
            })
          })
        }
      }
    },
  )

  it.each(packings)('%s, gives the same objects of NDJSON', async (packing) => {
    for (const newline of ['\n', '\r\n', '\r']) {
      const text = ['{"customer":"cus_1","name":"José €"}', '', '{"customer":"cus_2"}', '{"a":1,"a":2}'].join(
        newline,
      )
      await using(packed[packing](texts[name](text)), asked(name), async (file) => {
        const head = await readHead(file, noOptions)
        expect(head.format).toBe('ndjson')
        const rows = await allRows(file, head)
        expect(content(rows)).toEqual([
          { row: 1, line: 1, cells: { customer: 'cus_1', name: 'José €' } },
          { row: 2, line: 3, cells: { customer: 'cus_2' } },
          { row: 3, line: 4, cells: 'E_DUPLICATE_KEY' },
        ])
        for (const row of rows.slice(0, 2)) expect(await rowAt(file, head, row)).toEqual(row)
      })
    }
  })
})

/** `bytes` as a file whose blocks are cut anywhere. */
function cutInput(bytes: Buffer, sizes: readonly number[]): InputFile {
  return {
    path: 'export',
    size: bytes.length,
    encoding: 'utf-8',
    textName: 'the input',
    textStart: 0,
    async *blocks(offset) {
      let at = offset
      for (let block = 0; at < bytes.length; block++) {
        const end = at + (sizes[block % sizes.length] ?? 1)
        yield await Promise.resolve(bytes.subarray(at, end))
        at = end
      }
    },
    digest: () => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    checkUnchanged: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

let copies = 0
const nameless = async () => {
  copies += 1
  const path = join(folder, `copy-${copies}`)
  const handle = await open(path, 'wx+', 0o600)
  await unlink(path)
  return { handle, path }
}

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const openFiles = () => readdirSync('/proc/self/fd').length
const full = async () => ({ handle: await open('/dev/full', 'r+'), path: '/dev/full' })

function gz(): string {
  const path = join(folder, 'crm.csv.gz')
  writeFileSync(path, gzipSync('customer,name\n'))
  return path
}

describe('an input that is not plain UTF-8', () => {
  it('gives the same rows, places and digest wherever its blocks are cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', 'ß', ',', '"', '\n', ' ', 'ÿ'), maxLength: 5 })
    const tables = fc.array(
      fc.tuple(
        cell.map((text) => `cus_${text}`),
        cell,
      ),
      { minLength: 1, maxLength: 8 },
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        tables,
        sizes,
        fc.constantFrom(...written),
        fc.constantFrom(...packings),
        async (table, places, name, packing) => {
          // A letter that is not UTF-8 in Windows-1252
          const text = `customer,name é\n${table.map((cells) => cells.map(quoted).join(',')).join('\n')}\n`
          const bytes = packed[packing](texts[name](text))
          const [one, other] = await Promise.all(
            [[bytes.length], places].map(async (cut) => {
              const file = await textOf(cutInput(bytes, cut), asked(name), nameless, never)
              try {
                const head = await readHead(file, { ...noOptions, delimiter: ',' })
                return { rows: await allRows(file, head), digest: await file.digest(), head }
              } finally {
                await file.close()
              }
            }),
          )
          expect(other).toEqual(one)
          const cells = one?.rows.map((row) => (row.kind === 'csv' ? row.cells : row.kind))
          expect(cells).toEqual(table)
        },
      ),
    )
  })

  it('leaves no copy behind, and notices that the file changes while its rows are read', async () => {
    const path = join(folder, 'crm.csv.gz')
    writeFileSync(path, gzipSync(`customer,name\n${'cus_1,Ana\n'.repeat(100_000)}`))
    const file = await openPassingInput(path, never)
    try {
      const blocks = file.blocks(0)
      await blocks.next()
      appendFileSync(path, 'x')
      await expect(blocks.next()).rejects.toMatchObject({ code: 'E_INPUT_CHANGED' })
      await expect(file.checkUnchanged()).rejects.toMatchObject({ code: 'E_INPUT_CHANGED' })
      await expect(file.digest()).rejects.toMatchObject({ code: 'E_INPUT_CHANGED' })
      expect(readdirSync(folder)).toEqual(['crm.csv.gz'])
    } finally {
      await file.close()
    }
  })

  it.each<[string, () => Buffer, Encoding | undefined, string, string]>([
    ['nothing but a header of gzip', () => gzipSync(''), undefined, 'E_EMPTY', 'is empty'],
    ['nothing but a mark', () => Buffer.from('\ufeff', 'utf16le'), undefined, 'E_EMPTY', 'is empty'],
    ['half of a gzip file', () => gzipSync('a,b\n').subarray(0, 20), undefined, 'E_COMPRESSED', 'is cut off'],
    [
      'gzip of Windows-1252',
      () => gzipSync(Buffer.from('a,\xe9\n', 'latin1')),
      'utf-16le',
      'E_ENCODING',
      'holds no utf-16le',
    ],
    [
      'broken UTF-16',
      () => Buffer.from('\ufeffa\n\ud83d,', 'utf16le'),
      undefined,
      'E_ENCODING',
      'line 2, byte 7 of',
    ],
  ])('is refused where it is %s, and closes what it opened', async (_what, make, encoding, code, message) => {
    const path = join(folder, 'export')
    writeFileSync(path, make())
    const before = openFiles()
    await expect(openPassingInput(path, never, { encoding })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
    expect(openFiles()).toBe(before)
  })

  it('is refused where Windows-1252 was not asked for', async () => {
    await using(
      gzipSync(Buffer.from('customer,name\ncus_1,Jos\xe9\n', 'latin1')),
      undefined,
      async (file) => {
        const head = await readHead(file, noOptions)
          .then((found) => allRows(file, found))
          .catch((error: unknown) => error)
        expect(head).toMatchObject({
          code: 'E_ENCODING',
          message: expect.stringMatching(/line 2, byte 24 of the text in .*export is not UTF-8/),
          remedy: expect.stringContaining('--encoding windows-1252'),
        })
      },
    )
  })

  it('is refused before anything of it is written where it is no text, and is read no further', async () => {
    for (const bytes of [
      gzipSync(Buffer.alloc(10_000_000)),
      gzipSync(Buffer.from(`%PDF-1.7${'x'.repeat(10_000_000)}`)),
    ]) {
      let isClosed = false
      const raw = cutInput(bytes, [500])
      const watched: InputFile = {
        ...raw,
        async *blocks(offset) {
          try {
            yield* raw.blocks(offset)
          } finally {
            isClosed = true
          }
        },
      }
      await expect(textOf(watched, undefined, full, never)).rejects.toMatchObject({ code: 'E_BINARY' })
      expect(isClosed).toBe(true)
    }
  })

  it('stops when its signal aborts', async () => {
    const stop = new AbortController()
    stop.abort()
    const raw = await openInput(gz())
    await expect(textOf(raw, undefined, nameless, stop.signal)).rejects.toThrow('abort')
    await raw.close()
  })

  it('says so where the copy cannot be written', async () => {
    const raw = await openInput(gz())
    await expect(textOf(raw, undefined, full, never)).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_SPOOL',
      message: expect.stringContaining('no space left on the disk'),
    })
    await raw.close()
  })
})
