import * as fc from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { toUtf8 } from '../../../src/input/decode.ts'
import type { Encoding } from '../../../src/input/encoding.ts'

type Other = Exclude<Encoding, 'utf-8'>

/** Every byte that Windows-1252 defines, as the standard has it. */
const windows: readonly (readonly [number, string])[] = [
  ...Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => byte < 0x80 || byte >= 0xa0)
    .map((byte) => [byte, String.fromCharCode(byte)] as const),
  ...'€‚ƒ„…†‡ˆ‰Š‹Œ'
    .split('')
    .map(
      (one, at) =>
        [[0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c][at] ?? 0, one] as const,
    ),
  [0x8e, 'Ž'],
  ...'‘’“”•–—˜™š›œ'.split('').map((one, at) => [0x91 + at, one] as const),
  [0x9e, 'ž'],
  [0x9f, 'Ÿ'],
]

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    if (at >= bytes.length) return
    yield await Promise.resolve(bytes.subarray(at, at + size))
    at += size
  }
}

async function decoded(bytes: Buffer, encoding: Other, sizes: readonly number[] = []): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of toUtf8(cut(bytes, sizes), encoding, 'crm.csv')) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

const encode = (text: string, encoding: 'utf-16le' | 'utf-16be'): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16le' ? bytes : bytes.swap16()
}

describe('UTF-16', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 60 })

  it.each(['utf-16le', 'utf-16be'] as const)(
    '%s is the same text wherever blocks are cut',
    async (encoding) => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), sizes, async (text, places) => {
          fc.pre(!text.startsWith('\ufeff'))
          expect(await decoded(encode(text, encoding), encoding, places)).toBe(text)
          // The first block holds the mark whole.
          expect(await decoded(encode(`\ufeff${text}`, encoding), encoding, [2, ...places])).toBe(text)
        }),
      )
    },
  )

  it.each<[string, string, number, number]>([
    ['a high half before a letter', 'ab\n\ud83dcd', 2, 7],
    ['a low half alone', 'ab\r\ncd\r\n\udc00', 3, 17],
    ['two high halves', 'a\ud83d\ud83d\ude00', 1, 3],
    ['a high half at the end', 'ab\rcd\ud83d', 2, 11],
  ])('with %s is refused by line and byte, wherever it is cut', async (_what, text, line, byte) => {
    for (const encoding of ['utf-16le', 'utf-16be'] as const) {
      const bytes = encode(text, encoding)
      for (let size = 1; size <= bytes.length; size++) {
        const places = Array.from({ length: bytes.length }, () => size)
        await expect(decoded(bytes, encoding, places)).rejects.toMatchObject({
          kind: 'INPUT',
          code: 'E_ENCODING',
          message: `line ${line}, byte ${byte} of crm.csv is not ${encoding}`,
        })
      }
    }
  })

  it('that ends after half a character is refused', async () => {
    const bytes = encode('a\nb', 'utf-16le').subarray(0, 5)
    for (const places of [[], [1, 1, 1, 1, 1], [4]])
      await expect(decoded(bytes, 'utf-16le', places)).rejects.toThrow('line 2, byte 5 of crm.csv')
  })
})

describe('Windows-1252', () => {
  it('is what Windows writes, byte for byte', async () => {
    for (const [byte, character] of windows)
      expect(await decoded(Buffer.from([0x61, byte, 0x62, 0xe9, 0x0a]), 'windows-1252')).toBe(
        `a${character}bé\n`,
      )
    expect(windows).toHaveLength(251)
  })

  it.each([0x81, 0x8d, 0x8f, 0x90, 0x9d])('has no byte %i', async (byte) => {
    const bytes = Buffer.from([0x61, 0x0d, 0x0a, 0xe9, 0x62, byte, 0x63])
    for (let size = 1; size <= bytes.length; size++)
      await expect(
        decoded(
          bytes,
          'windows-1252',
          Array.from({ length: 9 }, () => size),
        ),
      ).rejects.toMatchObject({
        code: 'E_ENCODING',
        message: 'line 2, byte 6 of crm.csv is not windows-1252',
        remedy: expect.stringContaining('--encoding'),
      })
  })

  it('is not what is UTF-8 from its first to its last byte, wherever it is cut', async () => {
    const bytes = Buffer.from('customer,name\n1,José\n2,Zoë – 5 €\n'.repeat(3))
    for (let size = 1; size <= 20; size++) {
      const places = Array.from({ length: bytes.length }, () => size)
      await expect(decoded(bytes, 'windows-1252', places)).rejects.toMatchObject({
        kind: 'INPUT',
        code: 'E_ENCODING',
        message: expect.stringContaining('is UTF-8 from its first to its last byte'),
        remedy: expect.stringContaining('Leave --encoding out'),
      })
    }
  })

  it('may be ASCII, or hold what looks like UTF-8 beside what does not', async () => {
    expect(await decoded(Buffer.from('a,b\n'), 'windows-1252')).toBe('a,b\n')
    expect(await decoded(Buffer.from('Ã©,é', 'latin1'), 'windows-1252')).toBe('Ã©,é')
    expect(await decoded(Buffer.from('Ã', 'latin1'), 'windows-1252')).toBe('Ã')
  })
})

describe('another encoding', () => {
  it.each<[Other, string, readonly number[]]>([
    ['windows-1250', 'Łódź', [0xa3, 0xf3, 0x64, 0x9f]],
    ['windows-1251', 'Иван', [0xc8, 0xe2, 0xe0, 0xed]],
    ['windows-1254', 'Şık', [0xde, 0xfd, 0x6b]],
    ['macintosh', 'José', [0x4a, 0x6f, 0x73, 0x8e]],
    ['koi8-r', 'Иван', [0xe9, 0xd7, 0xc1, 0xce]],
    ['shift_jis', '山田ｱ', [0x8e, 0x52, 0x93, 0x63, 0xb1]],
    ['euc-jp', '山田', [0xbb, 0xb3, 0xc5, 0xc4]],
    ['gb18030', '张伟𠀀', [0xd5, 0xc5, 0xce, 0xb0, 0x95, 0x32, 0x82, 0x36]],
    ['big5', '陳', [0xb3, 0xaf]],
    ['euc-kr', '김철수', [0xb1, 0xe8, 0xc3, 0xb6, 0xbc, 0xf6]],
  ])('%s is the same text wherever blocks are cut', async (encoding, text, bytes) => {
    const row = Buffer.from([...Buffer.from('1,'), ...bytes, 0x0a])
    for (let size = 1; size <= row.length; size++) {
      const places = Array.from({ length: row.length }, () => size)
      expect(await decoded(row, encoding, places)).toBe(`1,${text}\n`)
    }
  })

  it.each<[Other, readonly number[], number]>([
    ['windows-1250', [0x81], 6],
    ['windows-1253', [0xd2], 6],
    ['shift_jis', [0x8e, 0x52, 0x93, 0x0a], 8],
    ['euc-kr', [0xb1, 0xe8, 0xff], 8],
    ['gb18030', [0xd5, 0xc5, 0x95, 0x32, 0x0a], 8],
    ['euc-jp', [0xbb], 6],
  ])('%s is refused by line and byte, wherever it is cut', async (encoding, bytes, byte) => {
    const row = Buffer.from([...Buffer.from('a\r\nb,'), ...bytes])
    for (let size = 1; size <= row.length; size++) {
      const places = Array.from({ length: row.length }, () => size)
      await expect(decoded(row, encoding, places)).rejects.toMatchObject({
        code: 'E_ENCODING',
        message: `line 2, byte ${byte} of crm.csv is not ${encoding}`,
      })
    }
  })
})
