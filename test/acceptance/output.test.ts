import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, program, usualEnvironment, type Folder } from './support/command.ts'

describe('output that nobody reads', () => {
  let folder: Folder
  const args = ['update', 'crm.csv', '--env', 'simulator', '--rate', '4/100ms']
  const start = (stdout: 'pipe' | number) =>
    spawn(process.execPath, [program, ...args], {
      cwd: folder.path,
      env: usualEnvironment(folder.path),
      stdio: ['ignore', stdout, 'pipe'],
    })
  const runFiles = () => {
    const [run = ''] = readdirSync(join(folder.path, 'rapyd-runs'))
    return readdirSync(join(folder.path, 'rapyd-runs', run))
  }
  beforeEach(() => {
    folder = freshFolder()
    const rows = Array.from({ length: 20 }, (_, n) => `cus_${String(n).padStart(32, '0')},N`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
  })
  afterEach(() => folder.remove())

  it('does not end the run, with a hangup on top', async () => {
    const child = start('pipe')
    child.stdout?.destroy()
    child.stderr?.destroy()
    const exit = once(child, 'exit')
    while (!existsSync(join(folder.path, 'rapyd-runs'))) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGHUP')
    expect(await exit).toEqual([0, null])
    expect(runFiles()).toContain('summary.json')
  })

  it.runIf(existsSync('/dev/full'))('for want of room is said, behind a run that is complete', async () => {
    const child = start(openSync('/dev/full', 'w'))
    let stderr = ''
    child.stderr?.on('data', (text) => (stderr += String(text)))
    expect(await once(child, 'close')).toEqual([6, null])
    expect(stderr).toContain('[E_STDOUT]')
    expect(runFiles()).toContain('summary.json')
  })

  it.each(['csv', 'github'])('is no error of validate, which looks at the whole file: %s', async (format) => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `cus_${String(n).padStart(32, '0')},N,no address`)
    folder.write('bad.csv', `customer,name,email\n${rows.join('\n')}\n`)
    const child = spawn(
      process.execPath,
      [program, 'validate', 'bad.csv', '--format-errors', format, '--max-errors', '100%'],
      { cwd: folder.path, env: usualEnvironment(folder.path), stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let stderr = ''
    child.stderr?.on('data', (text) => (stderr += String(text)))
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await once(child, 'close')).toEqual([1, null])
    expect(stderr).not.toContain('rapyd-bulk:')
  })
})
