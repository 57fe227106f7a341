import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keptInput, openPassingInput, openRunInput, removeKeptInput } from '../../../src/engine/input.ts'

const never = new AbortController().signal
const piped = (...blocks: readonly string[]) => Readable.from(blocks.map((block) => Buffer.from(block)))

describe('a compressed or re-encoded input', () => {
  it('has its copy in a file without a name, and stays as it came', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'run-input-'))
    try {
      const runs = join(folder, 'runs')
      const bytes = gzipSync(Buffer.from('customer,name\n', 'utf16le'))
      writeFileSync(join(folder, 'crm.csv.gz'), bytes)
      for (const [path, names] of [
        [join(folder, 'crm.csv.gz'), []],
        ['-', [expect.stringMatching(/^\.stdin-/)]],
      ] as const) {
        const input = await openRunInput(path, runs, never, { piped: Readable.from([bytes]) })
        expect(readdirSync(runs)).toEqual(names)
        expect((await input.file.read(0, 100)).toString()).toBe('customer,name\n')
        for (const name of readdirSync(runs)) expect(readFileSync(join(runs, name)).equals(bytes)).toBe(true)
        await input.close()
        expect(readdirSync(runs)).toEqual([])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('standard input as the input of a run', () => {
  let runsDir = ''
  let directory = ''
  const spools = () => readdirSync(runsDir).filter((name) => name.startsWith('.stdin'))
  beforeEach(() => {
    runsDir = mkdtempSync(join(tmpdir(), 'runs-'))
    directory = join(runsDir, 'a-run')
    mkdirSync(directory)
  })
  afterEach(() => rmSync(runsDir, { recursive: true }))

  it('is read like a file, as often as needed, and is for its owner alone', async () => {
    const input = await openRunInput('-', runsDir, never, { piped: piped('customer,', 'name\n') })
    expect(input.file.size).toBe(14)
    expect(await input.file.digest()).toBe(await input.file.digest())
    expect((await input.file.read(9, 4)).toString()).toBe('name')
    expect(spools().map((name) => statSync(join(runsDir, name)).mode & 0o777)).toEqual([0o600])
    await input.close()
    expect(spools()).toEqual([])
  })

  it('stays in the run directory once it is kept, over the copy of an earlier session', async () => {
    for (const blocks of [['customer,name\n'], ['customer', ',name\n']]) {
      const input = await openRunInput('-', runsDir, never, { piped: piped(...blocks) })
      input.keepIn(directory)
      expect((await input.file.read(0, 8)).toString()).toBe('customer')
      await input.close()
    }
    expect(readFileSync(keptInput(directory), 'utf8')).toBe('customer,name\n')
    expect(statSync(keptInput(directory)).mode & 0o777).toBe(0o600)
    expect(readdirSync(runsDir)).toEqual(['a-run'])
    removeKeptInput(directory)
    removeKeptInput(directory)
    expect(readdirSync(directory)).toEqual([])
  })

  it('that is empty is refused, and leaves nothing', async () => {
    await expect(openRunInput('-', runsDir, never, { piped: piped() })).rejects.toMatchObject({
      code: 'E_EMPTY',
      message: 'standard input is empty',
    })
    expect(spools()).toEqual([])
  })

  it('that is a terminal is refused before anything is read or made', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true })
    const refused = { kind: 'USAGE', code: 'E_STDIN_TERMINAL', remedy: expect.stringContaining('Pipe') }
    await expect(openRunInput('-', runsDir, never, { piped: terminal })).rejects.toMatchObject(refused)
    await expect(openPassingInput('-', never, { piped: terminal })).rejects.toMatchObject(refused)
    expect(spools()).toEqual([])
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
    expect(spools()).toEqual([])
  })

  it('that never ends is given up when the run is interrupted, and leaves nothing', async () => {
    const stop = new AbortController()
    const opening = openRunInput('-', runsDir, stop.signal, { piped: new PassThrough() })
    stop.abort('SIGINT')
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
    expect(spools()).toEqual([])
  })

  it('of a process that was killed is removed at the next start, and that of a living one stays', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    for (const pid of [dead, process.ppid, process.pid])
      writeFileSync(join(runsDir, `.stdin-${pid}-999`), 'x')
    const input = await openRunInput('-', runsDir, never, { piped: piped('x') })
    await input.close()
    expect(spools()).toEqual([`.stdin-${process.ppid}-999`])
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
