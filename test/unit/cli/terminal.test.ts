import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isScreen, wantsColor } from '../../../src/cli/terminal.ts'

describe('colour', () => {
  it.each([
    [true, undefined, {}, true],
    [true, undefined, { NO_COLOR: '' }, true],
    [true, true, {}, true],
    [true, undefined, { NO_COLOR: '1' }, false],
    [true, undefined, { NO_COLOR: '0' }, false],
    [true, undefined, { TERM: 'dumb' }, false],
    [true, undefined, { TERM: 'xterm', CI: 'true' }, true],
    [true, false, {}, false],
    [false, undefined, {}, false],
    [false, true, {}, false],
  ])('on a terminal (%s), with the flag %s and %j is %s', (isTTY, flag, env, wanted) => {
    expect(wantsColor({ isTTY }, flag, env)).toBe(wanted)
  })
})

describe('a screen', () => {
  const terminal = { isTTY: true, rows: 24, columns: 80 }
  it.each([
    [terminal, {}, true],
    [terminal, { CI: 'false' }, true],
    [terminal, { CI: 'true' }, false],
    [terminal, { TERM: 'dumb' }, false],
    [{ ...terminal, columns: 0 }, {}, false],
    [{ ...terminal, isTTY: false }, {}, false],
    [{}, {}, false],
  ])('%j with %j: %s', (stream, env, wanted) => expect(isScreen(stream, env)).toBe(wanted))
})

describe('a second signal', () => {
  it('ends a process whose file system hangs, for which process.exit would wait', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hang-'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const module = new URL('../../../src/cli/terminal.ts', import.meta.url).href
    const script = `import { open } from 'node:fs'
      import { drainOnSignals } from ${JSON.stringify(module)}
      drainOnSignals()
      // Nobody ever writes to it.
      open(process.argv[1], 'r', () => {})
      process.stdout.write('open')
      setInterval(() => {}, 60_000)`
    const args = ['--input-type=module-typescript', '-e', script, join(folder, 'pipe')]
    const child = spawn(process.execPath, args)
    const ended = once(child, 'close')
    try {
      await once(child.stdout, 'data')
      child.kill('SIGTERM')
      await once(child.stderr, 'data')
      child.kill('SIGTERM')
      expect(await ended).toEqual([null, 'SIGTERM'])
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    }
  })
})
