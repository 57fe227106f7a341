import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeUtf8, openInput, wholeCharacters } from '../../src/input/bytes.ts'
import type { InputFile } from '../../src/input/bytes.ts'

async function* cutAt(bytes: Buffer, ...places: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const to of [...places, bytes.length]) {
    yield await Promise.resolve(bytes.subarray(from, to))
    from = to
  }
}

async function textOf(blocks: AsyncIterable<Buffer>, offset = 0): Promise<string> {
  let text = ''
  for await (const part of decodeUtf8(blocks, offset)) text += part
  return text
}

describe('text in blocks', () => {
  const text = 'a,é,東,😀\u{10FFFF}\n'
  const bytes = Buffer.from(text)

  it('is the same wherever it is cut, and no part ends inside a character', async () => {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(await textOf(cutAt(bytes, first, second))).toBe(text)
        for await (const part of wholeCharacters(cutAt(bytes, first, second), 0))
          expect(part.toString('utf8').includes('\ufffd')).toBe(false)
      }
    }
  })

  it('is the same byte by byte', async () => {
    const each = Array.from(bytes, (_, index) => index + 1)
    expect(await textOf(cutAt(bytes, ...each))).toBe(text)
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
      const error: unknown = await textOf(cutAt(all, at)).catch((reason: unknown) => reason)
      expect(error).toEqual(refused)
      expect(String(error)).toContain(`byte ${byte} of the input`)
    }
    await expect(textOf(cutAt(all), 1_000)).rejects.toThrow(`byte ${1_000 + byte} of the input`)
  })

  it('finds the one wrong byte in a large block', async () => {
    const large = Buffer.from('東'.repeat(50_000))
    large[99_001] = 0x41
    await expect(textOf(cutAt(large))).rejects.toThrow('byte 99001 of the input')
  })
})

describe('an opened input', () => {
  let folder = ''
  let file: InputFile | undefined
  const path = () => join(folder, 'crm.csv')
  const open = async (content: string | Buffer): Promise<InputFile> => {
    writeFileSync(path(), content)
    file = await openInput(path())
    return file
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'input-'))
  })
  afterEach(async () => {
    await file?.close()
    file = undefined
    rmSync(folder, { recursive: true })
  })

  it('knows its size, its digest and any part of it', async () => {
    const content = Buffer.from(`\ufeffcustomer,name\n${'x'.repeat(1_000_000)}`)
    const input = await open(content)
    expect(input).toMatchObject({ size: content.length, textStart: 3 })
    expect(await input.digest()).toBe(createHash('sha256').update(content).digest('hex'))
    expect((await input.read(3, 8)).toString()).toBe('customer')
    const blocks: Buffer[] = []
    for await (const block of input.blocks(10)) blocks.push(block)
    expect(blocks.length).toBeGreaterThan(1)
    expect(Buffer.concat(blocks).equals(content.subarray(10))).toBe(true)
  })

  it('has no byte order mark where there is only a part of one', async () => {
    expect((await open(Buffer.from([0xef, 0xbb]))).textStart).toBe(0)
  })

  it('stays the file that was opened when another takes its name', async () => {
    const input = await open('old')
    writeFileSync(join(folder, 'new'), 'new content')
    renameSync(join(folder, 'new'), path())
    expect(await textOf(input.blocks(0))).toBe('old')
  })

  it('notices that somebody writes to it', async () => {
    const input = await open('a'.repeat(1_000_000))
    const blocks = input.blocks(0)
    await blocks.next()
    appendFileSync(path(), 'more')
    await expect(blocks.next()).rejects.toMatchObject({ kind: 'INPUT', code: 'E_INPUT_CHANGED' })
  })

  it('notices that somebody writes as much as was there before', async () => {
    const input = await open('a'.repeat(1_000_000))
    const blocks = input.blocks(0)
    await blocks.next()
    writeFileSync(path(), 'b'.repeat(1_000_000))
    utimesSync(path(), 1, 1)
    await expect(blocks.next()).rejects.toMatchObject({ code: 'E_INPUT_CHANGED' })
  })

  it.each<[string, () => void, string, string]>([
    ['is missing', () => {}, 'E_INPUT_OPEN', 'does not exist'],
    ['is a directory', () => mkdirSync(path()), 'E_INPUT_OPEN', 'is a directory'],
    ['is empty', () => writeFileSync(path(), ''), 'E_EMPTY', 'is empty'],
  ])('says so where it %s', async (_what, make, code, message) => {
    make()
    await expect(openInput(path())).rejects.toMatchObject({
      kind: 'INPUT',
      code,
      message: `${path()} ${message}`,
    })
  })

  it('says so where it may not be read', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything')
    writeFileSync(path(), 'x')
    chmodSync(path(), 0)
    await expect(openInput(path())).rejects.toMatchObject({ message: expect.stringContaining('permission') })
  })

  it('says so where it is a device', async () => {
    await expect(openInput('/dev/null')).rejects.toMatchObject({
      code: 'E_INPUT_OPEN',
      message: '/dev/null is not a regular file',
    })
  })
})
