import { execFileSync } from 'node:child_process'
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
import { openInput, type InputFile } from '../../../src/input/bytes.ts'

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
    expect((await input.read(0, input.size)).toString()).toBe('old')
  })

  it('notices a writer', async () => {
    const input = await open('a'.repeat(1_000_000))
    const blocks = input.blocks(0)
    await blocks.next()
    appendFileSync(path(), 'more')
    await expect(blocks.next()).rejects.toMatchObject({ kind: 'INPUT', code: 'E_INPUT_CHANGED' })
  })

  it('notices a writer that keeps the size', async () => {
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

  it('says so where it is a device, and how to pipe it', async () => {
    await expect(openInput('/dev/null')).rejects.toMatchObject({
      code: 'E_INPUT_OPEN',
      message: '/dev/null is not a regular file',
      remedy: expect.stringContaining('| rapyd-bulk update -'),
    })
  })

  it('does not wait for the writer of a pipe', async () => {
    execFileSync('mkfifo', [path()])
    await expect(openInput(path())).rejects.toMatchObject({
      code: 'E_INPUT_OPEN',
      message: `${path()} is not a regular file`,
      remedy: expect.stringContaining('| rapyd-bulk update -'),
    })
  })
})
