import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isInputKept, openKeptInput, openPassingInput, openRunInput } from '../../../src/engine/run-input.ts'
import type { RunReader, Store } from '../../../src/model/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { manifestOf, openOptions } from '../../support/stored-run.ts'

const never = new AbortController().signal
const piped = (...blocks: readonly string[]) => Readable.from(blocks.map((block) => Buffer.from(block)))

describe('a compressed or re-encoded input', () => {
  it('has its copy in a file without a name, and stays as it came', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'run-input-'))
    try {
      const runs = join(folder, 'runs')
      const bytes = gzipSync(Buffer.from('customer,name\n', 'utf16le'))
      writeFileSync(join(folder, 'crm.csv.gz'), bytes)
      for (const path of [join(folder, 'crm.csv.gz'), '-']) {
        const input = await openRunInput(path, runs, never, { piped: Readable.from([bytes]) })
        expect(readdirSync(runs)).toEqual([])
        expect((await input.file.read(0, 100)).toString()).toBe('customer,name\n')
        await input.close()
      }
      expect(readFileSync(join(folder, 'crm.csv.gz')).equals(bytes)).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('standard input as the input of a run', () => {
  let folder = ''
  let runsDir = ''
  let store: Store
  const leftFiles = () => (existsSync(runsDir) ? readdirSync(runsDir) : [])
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'runs-'))
    runsDir = join(folder, 'runs')
    store = await openSqliteStore(join(folder, 'store.db'))
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  async function stored(): Promise<RunReader> {
    const found = await store.findRun('a-run')
    if (found === undefined) throw new Error('no run')
    return found
  }

  /** Begins the run with what comes over standard input, and keeps it. */
  async function keep(...blocks: readonly (string | Buffer)[]): Promise<RunReader> {
    const input = await openRunInput('-', runsDir, never, {
      piped: Readable.from(blocks.map((block) => Buffer.from(block))),
    })
    const run = await store.openRun(manifestOf('a-run'), openOptions)
    await input.keepIn(run)
    expect((await input.file.read(0, 8)).toString()).toBe('customer')
    await run.close()
    await input.close()
    return stored()
  }

  it('is read like a file, as often as needed, and leaves no file', async () => {
    const input = await openRunInput('-', runsDir, never, { piped: piped('customer,', 'name\n') })
    expect(input.file.size).toBe(14)
    expect(await input.file.digest()).toBe(await input.file.digest())
    expect((await input.file.read(9, 4)).toString()).toBe('name')
    expect(leftFiles()).toEqual([])
    await input.close()
  })

  it('is kept in the store as it came, and is read from there if nothing is piped in', async () => {
    const kept = await keep(gzipSync('customer,name\n'))
    expect(isInputKept(kept.stored)).toBe(true)
    for (const nothing of [piped(), Object.assign(new PassThrough(), { isTTY: true })]) {
      const input = await openRunInput('-', runsDir, never, { piped: nothing, kept })
      expect((await input.file.read(0, 100)).toString()).toBe('customer,name\n')
      await input.close()
    }
    const file = await openKeptInput(kept, never)
    expect((await file.read(0, 100)).toString()).toBe('customer,name\n')
    await file.close()
    expect(leftFiles()).toEqual([])
  })

  it('is kept once: a later session writes nothing again', async () => {
    await keep('customer,name\n')
    const input = await openRunInput('-', runsDir, never, { piped: piped('customer,name\n') })
    const run = await store.openRun(manifestOf('a-run'), openOptions)
    await input.keepIn({ ...run, keepInput: () => Promise.reject(new Error('kept again')) })
    await run.close()
    await input.close()
  })

  it('that was not kept to its end counts as not kept', async () => {
    const input = await openRunInput('-', runsDir, never, { piped: piped('customer,name\n') })
    const run = await store.openRun(manifestOf('a-run'), openOptions)
    const broken = { ...run, keepInput: () => Promise.reject(new Error('disk full')) }
    await expect(input.keepIn(broken)).rejects.toThrow('disk full')
    await run.close()
    await input.close()
    expect(isInputKept((await stored()).stored)).toBe(false)
    await expect(openKeptInput(await stored(), never)).rejects.toMatchObject({
      kind: 'INPUT',
      code: 'E_INPUT_NOT_KEPT',
      message: expect.stringContaining('a-run'),
    })
  })

  it('that is piped in is read, whatever the store keeps', async () => {
    const kept = await keep('customer,name\n')
    const input = await openRunInput('-', runsDir, never, { piped: piped('another,one\n'), kept })
    expect((await input.file.read(0, 100)).toString()).toBe('another,one\n')
    await input.close()
  })

  it('that is empty is refused, and leaves nothing', async () => {
    await expect(openRunInput('-', runsDir, never, { piped: piped() })).rejects.toMatchObject({
      code: 'E_EMPTY',
      message: 'standard input is empty',
    })
    expect(leftFiles()).toEqual([])
  })

  it('that is a terminal is refused before anything is read or made', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true })
    const refused = { kind: 'USAGE', code: 'E_STDIN_TERMINAL', remedy: expect.stringContaining('Pipe') }
    await expect(openRunInput('-', runsDir, never, { piped: terminal })).rejects.toMatchObject(refused)
    await expect(openPassingInput('-', never, { piped: terminal })).rejects.toMatchObject(refused)
    expect(leftFiles()).toEqual([])
  })

  it('that breaks is a local error that says nothing was sent, and leaves nothing', async () => {
    const broken = new Readable({
      read() {
        this.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }))
      },
    })
    await expect(openRunInput('-', runsDir, never, { piped: broken })).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_STDIN',
      message: expect.stringContaining('EIO'),
      remedy: expect.stringContaining('Nothing was sent'),
    })
    expect(leftFiles()).toEqual([])
  })

  it('that never ends is given up when the run is interrupted, and leaves nothing', async () => {
    const stop = new AbortController()
    const opening = openRunInput('-', runsDir, stop.signal, { piped: new PassThrough() })
    stop.abort('SIGINT')
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
    expect(leftFiles()).toEqual([])
  })
})

describe('standard input that is only validated', () => {
  it('is read like a file and has no name anywhere', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('.rapyd-bulk'))
    const file = await openPassingInput('-', never, { piped: piped('customer,name\n') })
    expect((await file.read(0, 14)).toString()).toBe('customer,name\n')
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('.rapyd-bulk'))).toEqual(before)
    await file.close()
  })
})
