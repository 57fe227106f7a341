/** What the machine and Node do to a command: limits, paths that hang, containers, and openings for debugging. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, program, usualEnvironment, type Folder } from './support/command.ts'
import { startRapydServer } from './support/rapyd-server.ts'

const rows = (count: number) =>
  `customer,name\n${Array.from({ length: count }, (_, n) => `cus_${String(n).padStart(32, '0')},N`).join('\n')}\n`
const rehearsal = ['update', 'crm.csv', '--env', 'simulator', '--rate', 'none', '--quiet']

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
  folder.write('crm.csv', rows(2))
})
afterEach(() => folder.remove())

/** Runs a command of the shell in the folder. `$0` is Node, and `$1` the program. */
function shell(script: string, env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, process.execPath, program], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { ...usualEnvironment(folder.path), ...env },
    timeout: 60_000,
  })
  return { code: status, stdout, stderr }
}

describe('a limit of open files', { timeout: 120_000 }, () => {
  it('is called so, and not an outage of Rapyd or a fault of the disk', async () => {
    const server = await startRapydServer()
    folder.write('crm.csv', rows(60))
    const codes: (number | null)[] = []
    let said = ''
    // With less Node itself does not start, and with more all is sent.
    for (const limit of [24, 25, 28, 32, 36, 40]) {
      const run = `--base-url ${server.url} --rate none --concurrency 20 --run-id at-${limit} --quiet`
      const child = spawn(
        '/bin/sh',
        ['-c', `ulimit -n ${limit}; exec "$0" "$1" update crm.csv ${run}`, process.execPath, program],
        { cwd: folder.path, env: { ...usualEnvironment(folder.path), ...server.keys } },
      )
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)))
      const [code] = await once(child, 'close')
      codes.push(code)
    }
    await server.close()
    expect(codes.filter((code) => code !== 0 && code !== 6)).toEqual([])
    expect(codes).toContain(6)
    expect(said).toContain('this process may not open more files (EMFILE) [E_MACHINE_LIMIT]')
    expect(said).toContain('ulimit -n')
    expect(said).not.toMatch(/E_REMOTE_DOWN|E_BUG|E_STORE\]|E_INPUT_OPEN/)
    // No connection was made for the rows that were stopped.
    expect(said).toContain('not_attempted')
    expect(said).not.toContain('unknown')
  })
})

describe('a limit of the size of files', () => {
  it.each([0, 60])('of %i blocks is called so, and not a fault of the disk', (blocks) => {
    const { code, stderr } = shell(`ulimit -f ${blocks}; exec "$0" "$1" ${rehearsal.join(' ')}`)
    expect([code, stderr]).toEqual([6, expect.stringContaining('(EFBIG) [E_MACHINE_LIMIT]')])
    expect(stderr).toContain('ulimit -f')
    expect(shell(`exec "$0" "$1" ${rehearsal.join(' ')}`).code).toBe(0)
  })
})

describe('a path that can hang', () => {
  it.each([
    ['--state-dir /proc/x', `${rehearsal.join(' ')} --state-dir /proc/x`, 2],
    ['--runs-dir /proc/x/y', `${rehearsal.join(' ')} --runs-dir /proc/x/y`, 2],
    ['--out /proc/x', 'validate crm.csv --out /proc/x', 6],
    ['a pipe as the plan', 'apply pipe', 3],
    ['a pipe as the input', 'validate pipe', 3],
    ['a pipe as the store', `${rehearsal.join(' ')} --store pipe`, 2],
    ['a pipe as the mark of the store', `${rehearsal.join(' ')} --store marked`, 6],
    ['a pipe as the journal of the store', `${rehearsal.join(' ')} --store journalled`, 2],
    ['a pipe as the file of a key', 'verify x', 2],
  ])('ends with an error: %s', (_what, args, code) => {
    const pipes = 'mkfifo -m 600 pipe marked-mark journalled-journal'
    const env = args === 'verify x' ? { RAPYD_SECRET_KEY_FILE: 'pipe', RAPYD_ACCESS_KEY: 'k' } : {}
    const words = args === 'verify x' ? 'update crm.csv' : args
    expect(shell(`${pipes} && exec "$0" "$1" ${words}`, env)).toMatchObject({ code })
  })
})

/** A file system whose server never says a word, as that of a network that is gone. Undefined where that cannot be made. */
function mountSilence(path: string): Disposable | undefined {
  if (process.geteuid?.() !== 0 || !existsSync('/dev/fuse')) return undefined
  const device = openSync('/dev/fuse', 'r+')
  mkdirSync(path)
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
  const { status } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silence', path], {
    stdio: ['ignore', 'ignore', 'ignore', device],
  })
  function end(): void {
    spawnSync('umount', ['-l', path])
    closeSync(device)
  }
  if (status === 0) return { [Symbol.dispose]: end }
  closeSync(device)
  return undefined
}

describe('a file system that hangs', () => {
  const hanging = [
    ['--runs-dir', [...rehearsal, '--runs-dir', 'silence/runs']],
    ['--store', [...rehearsal, '--store', 'silence/store.db']],
    ['--map', [...rehearsal, '--map', 'silence/map.yaml']],
    ['the input', ['validate', 'silence/crm.csv']],
  ] as const

  it.for(hanging)('does not keep a signal from ending the program: %s', async ([, args], { skip }) => {
    using silence = mountSilence(join(folder.path, 'silence'))
    if (silence === undefined) return skip()
    const command = folder.start(args)
    while (!isHanging(command.pid)) await new Promise(setImmediate)
    command.kill('SIGTERM')
    expect(await command.finished).toEqual({ code: null, stdout: '', stderr: '' })
    return undefined
  })

  it('ends with an error that names the path', async ({ skip }) => {
    using silence = mountSilence(join(folder.path, 'silence'))
    if (silence === undefined) return skip()
    const { code, stderr } = await folder.run(hanging[0][1])
    expect(code).toBe(null)
    expect(stderr).toContain('silence/runs does not answer: its file system hangs [E_PATH_HANGS]')
    return undefined
  })
})

/** True if a thread of the process waits for the server of a file system. */
function isHanging(pid: number | undefined): boolean {
  return readdirSync(`/proc/${pid}/task`).some((task) =>
    readFileSync(`/proc/${pid}/task/${task}/wchan`, 'utf8').includes('fuse'),
  )
}

const canIsolate = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0

describe.skipIf(!canIsolate)('as the first process of a container', () => {
  const isolated = 'exec unshare --pid --fork --mount-proc "$0" "$1"'

  it('is not stopped by the files that a killed one has left, and removes them', () => {
    const names = Array.from({ length: 6 }, (_, n) => `.run.prom.1-${n + 1}.tmp`).join(' ')
    const { code } = shell(`touch ${names}; ${isolated} ${rehearsal.join(' ')} --metrics-file run.prom`)
    expect(code).toBe(0)
    expect(readdirSync(folder.path).filter((name) => name.includes('prom'))).toEqual(['run.prom'])
  })

  it('is ended by SIGTERM, also by a command that has nothing to drain', async () => {
    // It waits for its input, which does not end.
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, program, 'validate', '-']
    const child = spawn('unshare', args, { cwd: folder.path, env: usualEnvironment(folder.path) })
    let inner = ''
    while (inner === '') {
      inner = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).stdout.trim()
      await new Promise(setImmediate)
    }
    const ended = once(child, 'close')
    // Whoever is not there to handle it yet ignores it.
    const again = setInterval(() => process.kill(Number(inner), 'SIGTERM'), 200)
    const [code] = await ended
    clearInterval(again)
    expect(code).toBe(143)
  })
})

describe('what Node offers for debugging', () => {
  const keys = { RAPYD_ACCESS_KEY: 'rak_CANARYACCESS', RAPYD_SECRET_KEY: 'rsk_CANARYSECRET' }

  it('writes no key into a file, and opens no port', async () => {
    mkdirSync(join(folder.path, 'dumps'))
    const dumps = join(folder.path, 'dumps')
    const options = `--report-on-signal --heapsnapshot-signal=SIGUSR2 --report-directory=${dumps} --diagnostic-dir=${dumps}`
    const server = folder.start(['simulator'], { ...keys, NODE_OPTIONS: options })
    const said = (word: string) =>
      new Promise<void>((resolve) => {
        server.onStderr((text) => {
          if (text.includes(word)) resolve()
        })
      })
    await said('ready')
    const reported = said('report completed')
    server.kill('SIGUSR2')
    await reported
    server.kill('SIGUSR1')
    // It answers, so it has had the signal.
    const [, port = ''] = /:(\d+)\n/.exec(server.stdout()) ?? []
    await once(connect(Number(port), '127.0.0.1'), 'connect')
    server.kill('SIGTERM')
    const { code, stderr } = await server.finished
    expect(code).toBe(0)
    expect(stderr).not.toContain('Debugger listening')
    const written = readdirSync(dumps)
    expect(written).toEqual([expect.stringMatching(/^report\./)])
    for (const name of written) expect(readFileSync(join(dumps, name), 'utf8')).not.toContain('CANARY')
  })

  it('keeps no signal from ending the program', async () => {
    const options = { NODE_OPTIONS: `--heapsnapshot-signal=SIGTERM --diagnostic-dir=${folder.path}` }
    const env = { ...usualEnvironment(folder.path), ...options }
    // It waits for its input, which does not end.
    const child = spawn(process.execPath, [program, 'validate', '-'], { cwd: folder.path, env })
    const ended = once(child, 'close')
    // Until the program has begun, Node itself takes the signal.
    const again = setInterval(() => child.kill('SIGTERM'), 200)
    const [, signal] = await ended
    clearInterval(again)
    expect(signal).toBe('SIGTERM')
  })

  it('is refused where it would write the whole heap', async () => {
    const env = { ...keys, NODE_OPTIONS: '--heapsnapshot-near-heap-limit=1' }
    const { code, stderr } = await folder.run(rehearsal, env)
    expect([code, stderr]).toEqual([2, expect.stringContaining('--heapsnapshot-near-heap-limit')])
    expect(existsSync(join(folder.path, 'rapyd-runs'))).toBe(false)
  })
})
