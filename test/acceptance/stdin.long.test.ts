import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, program, usualEnvironment, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'
import { rowsIn, storeIn } from './support/store.ts'
import { hasTerminal, runOnTerminal } from './support/terminal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const file = `customer,name\n${Array.from({ length: 40 }, (_, n) => `${id(n)},"N ${n}"`).join('\n')}\nnobody,Jo\n`

describe('update from standard input', () => {
  let folder: Folder
  let server: RapydServer
  const runs = () => readdirSync(join(folder.path, 'rapyd-runs')).sort()
  /** True if the store keeps what was piped in, whole or in pieces. */
  const isKept = () => rowsIn(storeIn(folder.path), 'input_chunk') > 0
  /** True if a file of the run or of the store holds it. */
  const isFound = () =>
    [join(folder.path, 'rapyd-runs'), join(folder.path, '.state')].some((below) =>
      readdirSync(below, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.startsWith('errors'))
        .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes('"N 7"')),
    )
  const update = (input: string | Buffer, ...args: readonly string[]) =>
    folder.run(['update', '-', ...args, '--base-url', server.url], server.keys, input)

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  it('does what the same bytes in a file do', async () => {
    folder.write('crm.csv', file)
    const fromFile = await folder.run(
      ['update', 'crm.csv', '--base-url', server.url, '--runs-dir', 'others', '--json'],
      server.keys,
    )
    const piped = await update(file, '--json')
    expect(piped.code).toBe(fromFile.code)
    expect(server.updates).toHaveLength(80)
    const [one, other] = [fromFile, piped].map(({ stdout }) => JSON.parse(stdout))
    expect(other.outcomes).toEqual(one.outcomes)
    expect(other.input).toEqual({ ...one.input, path: '-' })
    expect(other.run_id).toMatch(/^stdin-[0-9a-f]{10}$/)
    expect(folder.report('errors.csv')).toContain('nobody,Jo,41,invalid,E_ID')
    expect(runs()).toEqual([other.run_id])
  })

  it('keeps nothing of the input once the run is finished, and sends nothing the second time', async () => {
    await update(file)
    expect([isKept(), isFound()]).toEqual([false, false])
    const again = await update(file)
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('finished before') })
    expect(server.updates).toHaveLength(40)
    expect([isKept(), isFound()]).toEqual([false, false])
    expect(runs()).toHaveLength(1)
  })

  it('keeps the input of an open run in the store, and goes on when the same is piped again', async () => {
    const canary = await update(file, '--limit', '5')
    expect(canary.stderr).toContain('goes on')
    expect(isKept()).toBe(true)
    expect((await update(file)).code).toBe(1)
    expect(server.updates.map((call) => call.id).sort()).toEqual(Array.from({ length: 40 }, (_, n) => id(n)))
    expect([isKept(), isFound()]).toEqual([false, false])
  })

  it('goes on from the kept input as its last line says, without another pipe', async () => {
    const canary = await update(file, '--limit', '5')
    const [, runId = ''] = /--run-id (\S+)/.exec(canary.stderr) ?? []
    const finished = await update('', '--run-id', runId)
    expect(finished.code).toBe(1)
    expect(server.updates).toHaveLength(40)
    expect(new Set(server.updates.map((call) => call.idempotency)).size).toBe(40)
    expect(isKept()).toBe(false)
    const again = await update('', '--run-id', runId)
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('E_EMPTY') })
    expect(server.updates).toHaveLength(40)
  })

  it('goes on from the kept input after a kill, and never asks a pipe for the rest', async () => {
    const killed = folder.start(
      ['update', '-', '--run-id', 'mine', '--base-url', server.url, '--concurrency', '1'],
      server.keys,
      file,
    )
    server.answer = () => {
      if (server.updates.length === 7) killed.kill('SIGKILL')
      return undefined
    }
    await killed.finished
    expect(isKept()).toBe(true)
    server.answer = () => undefined
    expect((await update('', '--run-id', 'mine')).code).toBe(1)
    expect(new Set(server.updates.map((call) => call.id)).size).toBe(40)
    expect(new Set(server.updates.map((call) => call.idempotency)).size).toBe(40)
    expect(isKept()).toBe(false)
  })

  const purge = () => folder.run(['runs', '--purge', '--older-than', '0m', '--yes'])

  it('is listed if it was killed while it kept its input, and purged with all of it', async () => {
    const long = Array.from({ length: 300 }, (_, n) => `${id(n)},"N 7",${'x'.repeat(60_000)}\n`)
    const killed = folder.start(
      ['update', '-', '--ignore-columns', 'junk', '--base-url', server.url],
      server.keys,
      `customer,name,junk\n${long.join('')}`,
    )
    // Only the input is so large.
    const log = `${storeIn(folder.path)}-wal`
    while ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) < 1_000_000) await new Promise(setImmediate)
    killed.kill('SIGKILL')
    await killed.finished
    expect([server.updates, isFound()]).toEqual([[], true])
    const { stdout } = await folder.run(['runs'])
    expect(stdout).toMatch(/^stdin-[0-9a-f]{10} {2}open\n[^]*killed before it began/)
    expect((await purge()).stdout).toContain('is deleted (open')
    expect([isKept(), isFound()]).toEqual([false, false])
    expect((await folder.run(['runs', '--json'])).stdout).toBe('[]\n')
  })

  it('is purged of the input of an open run, which goes on when the same is piped again', async () => {
    await update(file, '--limit', '5')
    const [run] = JSON.parse((await folder.run(['runs', '--json'])).stdout)
    expect(run).toMatchObject({ state: 'open', keeps_input: true })
    const young = await folder.run(['runs', '--purge', '--older-than', '1d', '--yes'])
    expect([young.stdout, isKept()]).toEqual([`${run.run_id} is kept: it is not finished\n`, true])
    const { stdout } = await purge()
    expect(stdout).toBe(`${run.run_id} is kept: it is not finished; its standard input is deleted\n`)
    expect([isKept(), isFound()]).toEqual([false, false])
    expect((await update('', '--run-id', run.run_id)).stderr).toContain('E_EMPTY')
    expect((await update(file)).code).toBe(1)
    expect(server.updates.map((call) => call.id).sort()).toEqual(Array.from({ length: 40 }, (_, n) => id(n)))
  })

  it.skipIf(!hasTerminal)('goes on from the kept input on a terminal', async () => {
    await update(file, '--limit', '5', '--run-id', 'mine')
    const args = ['update', '-', '--run-id', 'mine', '--base-url', server.url, '--settle-after', '1s']
    const { code } = await runOnTerminal(folder.path, args, 'never asked', '', server.keys)
    expect(code).toBe(1)
    expect(server.updates).toHaveLength(40)
  })

  it('tells NDJSON by its content', async () => {
    expect((await update(`{"customer":"${id(1)}","name":"Jo"}\n`)).code).toBe(0)
    expect(server.customer(id(1))).toEqual({ name: 'Jo' })
  })

  it.each([
    ['nothing', '', [], 3, 'E_EMPTY'],
    ['a file without an id column', 'name\nJo\n', [], 3, 'E_HEADER_NO_ID'],
    ['too many clears', `customer,name\n${id(1)},\n`, [], 2, 'E_MAX_CLEARS'],
    [
      'production that nobody confirmed',
      `customer,name\n${id(1)},Jo\n`,
      ['--env', 'production'],
      2,
      'E_NOT_CONFIRMED',
    ],
  ])('refuses %s, sends nothing and keeps nothing', async (_what, input, args, code, error) => {
    const target = args.length > 0 ? args : ['--base-url', server.url]
    const finished = await folder.run(['update', '-', ...target], server.keys, input)
    expect(finished).toMatchObject({ code, stderr: expect.stringContaining(error) })
    expect(server.updates).toEqual([])
    expect(runs()).toEqual([])
  })

  it('keeps the input out of a run of other bytes', async () => {
    await update(file, '--limit', '5', '--run-id', 'mine')
    const other = await update(`customer,name\n${id(1)},Jo\n`, '--run-id', 'mine')
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining('E_OTHER_RUN') })
    expect(runs()).toEqual(['mine'])
    expect(server.updates).toHaveLength(5)
    expect((await update('', '--run-id', 'mine')).code).toBe(1)
    expect(server.updates.map((call) => call.id).sort()).toEqual(Array.from({ length: 40 }, (_, n) => id(n)))
  })

  it('stops at once while it waits for input, and leaves nothing', async () => {
    const child = spawn(process.execPath, [program, 'update', '-', '--base-url', server.url], {
      cwd: folder.path,
      env: { ...usualEnvironment(folder.path), ...server.keys },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    child.stdin.write('customer,name\n')
    let stderr = ''
    child.stderr.on('data', (text) => (stderr += String(text)))
    // The copy of what comes is a file below it, without a name.
    const runsDir = join(folder.path, 'rapyd-runs')
    while (!existsSync(runsDir)) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(130)
    expect(stderr).toContain('interrupted')
    expect(runs()).toEqual([])
    expect((await update('')).code).toBe(3)
    expect(runs()).toEqual([])
    expect(rowsIn(storeIn(folder.path), 'run')).toBe(0)
  })
})

describe('validate from standard input', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
    folder.write('crm.csv', file)
  })
  afterEach(() => folder.remove())

  it('finds what it finds in the same bytes in a file, and writes nothing', async () => {
    const fromFile = await folder.run(['validate', 'crm.csv', '--json'])
    const piped = await folder.run(['validate', '-', '--json'], { TMPDIR: folder.path }, file)
    expect(piped).toEqual(fromFile)
    expect(readdirSync(folder.path)).toEqual(['crm.csv'])
  })

  it('takes a lone dash for standard input, a dash of a flag for itself, and an empty text for neither', async () => {
    const dashes = `customer,name,email\n${id(1)},Jo,-\n${id(2)},Jane,j@example.com\n`
    const piped = await folder.run(
      ['validate', '-', '--null-values', '-', '--null-values', 'n/a'],
      {},
      dashes,
    )
    expect(piped.stdout).toMatch(/^standard input: 2 rows, 2 to send/)
    expect(piped.stdout).toMatch(/^email +email +1 +1 /m)
    const empty = await folder.run(['validate', ''], {}, file)
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_USAGE]') })
  })

  it('is told to take - where it was asked for /dev/stdin', async () => {
    const { code, stderr } = await folder.run(['validate', '/dev/stdin'], {}, file)
    expect(code).toBe(3)
    expect(stderr).toContain('[E_INPUT_OPEN]')
    expect(stderr).toContain('| rapyd-bulk update -')
  })
})
