import { randomBytes } from 'node:crypto'
import { constants, createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { detectCompression, decompress, type Compression } from '../../../src/input/compression.ts'

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

const whole = (bytes: Buffer, compression: Compression, size = 65_536): Promise<Buffer> =>
  joined(cut(bytes, size), compression)

async function joined(blocks: AsyncIterable<Buffer>, compression: Compression): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of decompress(blocks, compression, 'crm.csv.x')) parts.push(part)
  return Buffer.concat(parts)
}

const packers = { gzip: (text: Buffer) => gzipSync(text), zstd: (text: Buffer) => zstdCompressSync(text) }
const both = ['gzip', 'zstd'] as const
const rows = Buffer.from(Array.from({ length: 3_000 }, (_, row) => `cus_${row},Zoë ${row * 7}\n`).join(''))
/** What decompressors skip. */
const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex')

/** The beginning of a file that cannot be read on. */
async function* broken(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes.subarray(0, 100))
  throw new Error('E_INPUT_CHANGED')
}

describe.each(both)('%s', (kind) => {
  const pack = packers[kind]

  it('gives what was compressed, in one member or several, wherever blocks are cut', async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(members, fc.integer({ min: 1, max: 120 }), async (texts, size) => {
        const bytes = Buffer.concat(texts.map((text) => pack(Buffer.from(text))))
        expect((await whole(bytes, kind, size)).equals(Buffer.concat(texts))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('gives several members whole where a block ends with one', async () => {
    const first = pack(rows)
    const bytes = Buffer.concat([first, pack(rows), pack(Buffer.alloc(0)), pack(rows)])
    for (const size of [first.length, first.length - 1, first.length + 1, bytes.length])
      expect((await whole(bytes, kind, size)).equals(Buffer.concat([rows, rows, rows]))).toBe(true)
  })

  it('cut off at any byte is an error', async () => {
    const bytes = pack(Buffer.from('customer,name\ncus_1,Zoë\n'))
    for (let length = 4; length < bytes.length; length++) {
      for (const size of [3, 1_000]) {
        await expect(whole(bytes.subarray(0, length), kind, size)).rejects.toMatchObject({
          kind: 'INPUT',
          code: 'E_COMPRESSED',
          message: expect.stringMatching(new RegExp(`crm.csv.x is cut off: its ${kind} data ends too early`)),
          remedy: expect.stringContaining(`${kind} -t FILE`),
        })
      }
    }
  })

  it('cut off in its second member is an error', async () => {
    const [first, second] = [pack(rows), pack(rows)]
    for (let length = 1; length < second.length; length += Math.ceil(second.length / 50))
      await expect(whole(Buffer.concat([first, second.subarray(0, length)]), kind)).rejects.toMatchObject({
        code: 'E_COMPRESSED',
      })
  })

  it.each([
    ['text', Buffer.from('\n')],
    ['zeros', Buffer.alloc(512)],
    ['one byte', Buffer.from([0x1f])],
    ['the other kind', packers[kind === 'gzip' ? 'zstd' : 'gzip'](rows)],
  ])('with %s behind it is an error', async (_what, behind) => {
    const bytes = Buffer.concat([pack(rows), behind])
    for (const size of [pack(rows).length, bytes.length, 7])
      await expect(whole(bytes, kind, size)).rejects.toMatchObject({ code: 'E_COMPRESSED' })
  })

  it('names the place of bytes after it', async () => {
    const bytes = pack(rows)
    const behind = kind === 'gzip' ? Buffer.alloc(9) : Buffer.from('more')
    await expect(whole(Buffer.concat([bytes, behind]), kind)).rejects.toMatchObject({
      message: `crm.csv.x holds something else behind its ${kind} data, from byte ${bytes.length + 1} on`,
    })
  })

  it('with a wrong byte never gives other text without an error', async () => {
    const bytes =
      kind === 'gzip'
        ? pack(rows)
        : zstdCompressSync(rows, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 150)) {
      const wrong = Buffer.from(bytes)
      wrong[at] = (wrong[at] ?? 0) ^ 0x10
      const found = await whole(wrong, kind).catch((error: unknown) => error)
      // Some bytes of a header say nothing about the text.
      if (Buffer.isBuffer(found)) expect(found.equals(rows)).toBe(true)
      else expect(found).toMatchObject({ kind: 'INPUT', code: 'E_COMPRESSED' })
    }
  })

  it('ends where its reader does', async () => {
    const stream = decompress(cut(pack(randomBytes(3_000_000)), 65_536), kind, 'x')
    await stream.next()
    await stream.return(undefined)
  })

  it('passes on what ends the reading of the file', async () => {
    await expect(joined(broken(pack(rows)), kind)).rejects.toThrow('E_INPUT_CHANGED')
  })

  it('is recognised by its first bytes', () => {
    expect(detectCompression(pack(rows))).toBe(kind)
    expect(detectCompression(pack(rows).subarray(1))).toBe(undefined)
  })
})

describe('a compressed file', () => {
  it('may have frames of zstd that are skipped', async () => {
    const bytes = Buffer.concat([skippable, zstdCompressSync(rows), skippable])
    expect(detectCompression(bytes)).toBe('zstd')
    for (const size of [1, 12, 13, 100_000])
      expect((await whole(bytes, 'zstd', size)).equals(rows)).toBe(true)
  })

  it('that was packed with a window too large for memory is refused by that name', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_contentSizeFlag]: 0 }
    const packer = createZstdCompress({ params })
    packer.end(rows)
    const parts: Buffer[] = []
    for await (const part of packer) if (Buffer.isBuffer(part)) parts.push(part)
    await expect(whole(Buffer.concat(parts), 'zstd')).rejects.toMatchObject({
      code: 'E_COMPRESSED',
      message: 'crm.csv.x needs more than 128 MiB of memory to decompress (zstd --long)',
    })
  })

  it('that grows beyond all measure is refused, and memory stays', async () => {
    const bomb = createGzip({ level: 9 })
    const chunk = Buffer.alloc(1024 * 1024, 'a')
    async function* packed(): AsyncGenerator<Buffer> {
      for (let block = 0; block < 400; block++) bomb.write(chunk)
      bomb.end()
      for await (const part of bomb) if (Buffer.isBuffer(part)) yield part
    }
    const before = process.memoryUsage().rss
    let out = 0
    const read = async () => {
      for await (const part of decompress(packed(), 'gzip', 'crm.csv.gz')) out += part.length
    }
    await expect(read()).rejects.toMatchObject({
      code: 'E_COMPRESSED',
      message: expect.stringContaining('more than 1,000 times'),
    })
    expect(out).toBeLessThan(300 * 1024 * 1024)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })
})
