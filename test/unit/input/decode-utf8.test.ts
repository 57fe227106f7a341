import { describe, expect, it } from 'vitest'
import { wholeCharacters, type Bytes } from '../../../src/input/decode.ts'

async function* cutAt(bytes: Buffer, ...places: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const to of [...places, bytes.length]) {
    yield await Promise.resolve(bytes.subarray(from, to))
    from = to
  }
}

/** Cut at places behind `offset`, as a file whose first bytes up to there are line feeds; read anew it is not cut. */
function fileOf(bytes: Buffer, places: readonly number[], offset: number): Bytes {
  const all = Buffer.concat([Buffer.alloc(offset, '\n'), bytes])
  return {
    textName: 'the input',
    blocks: (from) => (from === offset ? cutAt(bytes, ...places) : cutAt(all.subarray(from))),
  }
}

async function textOf(bytes: Buffer, places: readonly number[] = [], offset = 0): Promise<string> {
  let text = ''
  for await (const part of wholeCharacters(fileOf(bytes, places, offset), { line: offset + 1, offset }))
    text += part.toString()
  return text
}

describe('text in blocks', () => {
  const text = 'a,é,東,😀\u{10FFFF}\n'
  const bytes = Buffer.from(text)

  it('is the same wherever it is cut, and no part ends inside a character', async () => {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(await textOf(bytes, [first, second])).toBe(text)
        for await (const part of wholeCharacters(fileOf(bytes, [first, second], 0), { line: 1, offset: 0 }))
          expect(part.toString('utf8').includes('\ufffd')).toBe(false)
      }
    }
  })

  it('is the same byte by byte', async () => {
    const each = Array.from(bytes, (_, index) => index + 1)
    expect(await textOf(bytes, each)).toBe(text)
  })

  it.each<[string, readonly number[], number]>([
    ['Latin-1', [0x61, 0xe9, 0x2c], 2],
    ['Latin-1 at the end', [0x61, 0xe9], 2],
    ['a continuation byte alone', [0x61, 0x62, 0x80, 0x63], 3],
    ['five bytes long', [0xf8, 0x88, 0x80, 0x80, 0x80], 1],
    ['an overlong slash', [0x61, 0xc0, 0xaf], 2],
    ['half of a surrogate pair', [0x61, 0xed, 0xa0, 0x80], 2],
    ['beyond the last code point', [0xf4, 0x90, 0x80, 0x80], 1],
    ['cut off after two of three bytes', [0x61, 0xe6, 0x9d], 2],
    ['cut off after three of four bytes', [0xf0, 0x9f, 0x98], 1],
    ['interrupted by a letter', [0x61, 0xe6, 0x9d, 0x62, 0x63], 2],
    ['behind a good character', [0xc3, 0xa9, 0xff], 3],
  ])('that is %s is refused with the number of the byte, however it is cut', async (_what, wrong, byte) => {
    const all = Buffer.from(wrong)
    const refused = expect.objectContaining({ kind: 'INPUT', code: 'E_ENCODING' })
    for (let at = 0; at <= all.length; at++) {
      const error: unknown = await textOf(all, [at]).catch((reason: unknown) => reason)
      expect(error).toEqual(refused)
      expect(String(error)).toContain(`line 1, byte ${byte} of the input`)
    }
    await expect(textOf(all, [], 1_000)).rejects.toThrow(`line 1001, byte ${1_000 + byte} of the input`)
  })

  it('finds the one wrong byte in a large block', async () => {
    const large = Buffer.from('東'.repeat(50_000))
    large[99_001] = 0x41
    await expect(textOf(large)).rejects.toThrow('line 1, byte 99001 of the input')
  })

  it.each([
    ['a\nb\n', 3],
    ['a\r\nb\r\n', 3],
    ['a\rb\r', 3],
    ['', 1],
    ['a\n"b\r\nc"', 3],
  ])('that breaks behind %j is broken on line %i', async (before, line) => {
    const all = Buffer.concat([Buffer.from(before), Buffer.from([0xe9]), Buffer.from('\nmore\n')])
    await expect(textOf(all)).rejects.toThrow(`line ${line}, byte ${before.length + 1} of the input`)
  })
})
