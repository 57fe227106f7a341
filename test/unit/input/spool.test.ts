import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fillSpool, openSpool } from '../../../src/input/spool.ts'

const never = new AbortController().signal

describe('the spool of standard input', () => {
  let directory = ''
  const path = () => join(directory, 'spool')
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'spool-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('is never a file that was there before', async () => {
    writeFileSync(path(), 'theirs')
    await expect(openSpool(path())).rejects.toMatchObject({ kind: 'LOCAL', code: 'E_SPOOL' })
    expect(readFileSync(path(), 'utf8')).toBe('theirs')
  })

  it('is never written through a link', async () => {
    symlinkSync(join(directory, 'target'), path())
    await expect(openSpool(path())).rejects.toMatchObject({ kind: 'LOCAL', code: 'E_SPOOL' })
    expect(existsSync(join(directory, 'target'))).toBe(false)
  })

  it('holds many blocks in their order', async () => {
    const blocks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(7_919, index))
    const handle = await openSpool(path())
    await fillSpool(handle, path(), Readable.from(blocks), never)
    await handle.close()
    expect(readFileSync(path()).equals(Buffer.concat(blocks))).toBe(true)
  })

  it.runIf(existsSync('/dev/full'))('on a full disk says so, and what to do', async () => {
    const full = await open('/dev/full', 'w')
    await expect(fillSpool(full, path(), Readable.from([Buffer.from('x')]), never)).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_SPOOL',
      message: expect.stringContaining('no space left on the disk (ENOSPC)'),
      remedy: expect.stringContaining('Nothing was sent'),
    })
    await full.close()
  })
})
