/** What other users of the machine have put where ours goes: refused by name, or taken from them. Needs root, to be several users. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { program } from './support/command.ts'

const victim = 1235
const other = 1234
const start = process.execPath

/** Whether another user can read the program at all. */
const isRoot = process.geteuid?.() === 0
const canSwitch =
  isRoot && spawnSync(start, [program, '--version'], { uid: victim, gid: victim }).status === 0

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
/** Everything below a folder that is more open than it may be. */
const opened = (below: string) =>
  readdirSync(below, { recursive: true, encoding: 'utf8' }).filter(
    (name) => (statSync(join(below, name)).mode & 0o077) !== 0,
  )

describe.skipIf(!canSwitch)('with other users on the machine', { timeout: 120_000 }, () => {
  let folder = ''
  const at = (...names: string[]) => join(folder, ...names)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'users-'))
    chmodSync(folder, 0o755)
    writeFileSync(at('crm.csv'), `customer,name\ncus_${'1'.padStart(32, '0')},A\n`, { mode: 0o644 })
    makeFor(victim, 'home')
    makeFor(victim, 'work')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function makeFor(user: number, name: string, mode = 0o700): void {
    mkdirSync(at(name), { recursive: true })
    chmodSync(at(name), mode)
    chownSync(at(name), user, user)
  }

  function writeFor(user: number, name: string, mode = 0o600): void {
    writeFileSync(at(name), '', { mode })
    chmodSync(at(name), mode)
    chownSync(at(name), user, user)
  }

  /** Runs a command as the victim, or as root. */
  function run(args: readonly string[], { user = victim, umask = 0o022, env = {} } = {}) {
    const script = 'umask "$1"; shift; exec "$0" "$@"'
    const all = ['-c', script, start, umask.toString(8), program, ...args]
    const { status, stdout, stderr } = spawnSync('/bin/sh', all, {
      uid: user,
      gid: user,
      cwd: at('work'),
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: at('home'), ...env },
    })
    return { code: status, stdout, stderr }
  }

  const rehearse = (...more: readonly string[]) =>
    `update crm.csv --env simulator --rate none --quiet --run-id nightly`
      .split(' ')
      .with(1, at('crm.csv'))
      .concat(more)
  const places = () => ['--runs-dir', at('work', 'runs'), '--store', at('work', 'state', 'store.db')]
  it.each([
    ['the folder of runs', 'work/runs/', 0o777],
    ['the folder of the run', 'work/runs/nightly/', 0o777],
    ['the folder of the store', 'work/state/', 0o777],
    ['a folder above', 'work/', 0o777],
    ['the log of the store', 'work/state/store.db-wal', 0o666],
    ['the index of that log', 'work/state/store.db-shm', 0o666],
    ['the journal of the store', 'work/state/store.db-journal', 0o666],
    ['the mark of the store', 'work/state/store.db-mark', 0o666],
    ['the lock of the run', 'work/state/store.db-run-1-1.lock', 0o666],
    ['the store', 'work/state/store.db', 0o666],
  ])('refuses %s if it is of another user, and sends nothing', (_what, name, mode) => {
    for (const user of [victim, 0]) {
      if (name !== 'work/') rmSync(at('work'), { recursive: true })
      for (const each of ['work', 'work/runs', 'work/state']) makeFor(user, each)
      if (name.endsWith('/')) makeFor(other, name, mode)
      else writeFor(other, name, mode)
      const { code, stderr } = run(rehearse(...places()), { user })
      expect([code, stderr]).toEqual([2, expect.stringMatching(/E_NOT_OURS[^]*Nothing was sent/)])
      expect(stderr).toContain(`belongs to another user (uid ${other})`)
      expect(readdirSync(at('work', 'runs'), { recursive: true }).length).toBeLessThan(2)
    }
  })

  it('follows no link of another user', () => {
    symlinkSync(at('home'), at('work', 'runs'))
    spawnSync('chown', ['-h', `${other}:${other}`, at('work', 'runs')])
    expect(run(rehearse(...places()))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_NOT_OURS'),
    })
    expect(readdirSync(at('home'))).toEqual(['.cache'])
  })

  it('refuses a folder of root that others can write to, and takes one that they cannot', () => {
    mkdirSync(at('mount'))
    const given = ['--runs-dir', at('mount', 'runs'), '--store', at('home', 'state', 'store.db')]
    chmodSync(at('mount'), 0o777)
    expect(run(rehearse(...given))).toMatchObject({ code: 2, stderr: expect.stringContaining('E_NOT_OURS') })
    // A mount point of Kubernetes with fsGroup.
    chownSync(at('mount'), 0, victim)
    chmodSync(at('mount'), 0o2775)
    expect(run(rehearse(...given))).toMatchObject({ code: 0 })
    expect(modeOf(at('mount', 'runs'))).toBe('700')
  })

  it('closes its own folders and files again if they were opened, with one line for each folder', () => {
    expect(run(rehearse(...places())).code).toBe(0)
    // As fsGroup does at every mount.
    spawnSync('chmod', ['-R', 'g+rwX', at('work', 'runs'), at('work', 'state')])
    const { code, stderr } = run(rehearse(...places()))
    expect(code).toBe(0)
    const lines = stderr.split('\n').filter((line) => line.includes('was open to other users'))
    expect(lines).toHaveLength(3)
    for (const name of ['runs', 'runs/nightly', 'state']) expect(modeOf(at('work', name))).toBe('700')
    for (const name of readdirSync(at('work', 'state'))) expect(modeOf(at('work', 'state', name))).toBe('600')
  })

  it('leaves a folder open that holds files of others as well', () => {
    makeFor(victim, 'work/project', 0o755)
    writeFor(victim, 'work/project/index.html', 0o644)
    const given = ['--runs-dir', at('work', 'project', 'runs'), '--store', at('work', 'project', 'store.db')]
    expect(run(rehearse(...given)).code).toBe(0)
    expect(modeOf(at('work', 'project'))).toBe('755')
    expect(modeOf(at('work', 'project', 'store.db'))).toBe('600')
  })

  it('writes over no other file by a second name of a file of SQLite', () => {
    makeFor(victim, 'work/state')
    writeFor(victim, 'work/precious')
    writeFileSync(at('work', 'precious'), 'precious')
    linkSync(at('work', 'precious'), at('work', 'state', 'store.db-shm'))
    expect(run(rehearse(...places())).code).toBe(2)
    expect(readFileSync(at('work', 'precious'), 'utf8')).toBe('precious')
  })

  it.each([0o000, 0o002])('opens nothing to others under umask %o, the cache of code included', (umask) => {
    expect(run(rehearse(...places(), '--backup'), { umask }).code).toBe(0)
    expect([...opened(at('work')), ...opened(at('home'))]).toEqual([])
    expect(readdirSync(at('home', '.cache', 'rapyd-bulk')).length).toBe(1)
  })

  it('runs no code of a cache that others could write to', () => {
    run(['--version'])
    const cache = at('home', '.cache', 'rapyd-bulk')
    writeFor(other, 'home/.cache/rapyd-bulk/planted')
    // Closed all the time: nobody else can have planted it.
    run(['--version'])
    expect(readdirSync(cache)).toContain('planted')
    chmodSync(cache, 0o777)
    run(['--version'])
    expect([readdirSync(cache).includes('planted'), modeOf(cache)]).toEqual([false, '700'])
    // A user cannot take the cache of another one away, nor use it.
    makeFor(other, 'home/.cache/rapyd-bulk', 0o777)
    writeFor(other, 'home/.cache/rapyd-bulk/planted')
    expect(run(['--version']).code).toBe(0)
    expect(readdirSync(cache)).toContain('planted')
  })

  const updateWith = (folderOfKeys = at('secret')) =>
    run(
      ['update', at('crm.csv'), '--base-url', 'http://127.0.0.1:1', '--max-outage', '1s', '--rate', 'none'],
      {
        env: {
          RAPYD_ACCESS_KEY_FILE: join(folderOfKeys, 'access'),
          RAPYD_SECRET_KEY_FILE: join(folderOfKeys, 'secret'),
        },
      },
    )
  const setMode = (mode: number) => {
    for (const name of ['access', 'secret']) chmodSync(at('secret', '..2026', name), mode)
  }

  describe('takes keys from a Secret that Kubernetes mounts', () => {
    beforeEach(() => {
      mkdirSync(at('secret', '..2026'), { recursive: true })
      symlinkSync('..2026', at('secret', '..data'))
      for (const name of ['access', 'secret']) {
        writeFileSync(at('secret', '..2026', name), `r${name[0]}k_0123456789abcdef`)
        chownSync(at('secret', '..2026', name), 0, victim)
        symlinkSync(join('..data', name), at('secret', name))
      }
    })
    it('of root, with links in it, that its group may read', () => {
      setMode(0o440)
      expect(updateWith().stderr).toContain('E_REMOTE_DOWN')
      // As with subPath.
      expect(updateWith(at('secret', '..2026')).stderr).toContain('E_REMOTE_DOWN')
    })

    it.each([
      ['that everybody may read', () => setMode(0o444), 'defaultMode: 0440'],
      ['that its group may write', () => setMode(0o460), 'defaultMode: 0440'],
      ['that it may not read itself', () => setMode(0o400), 'defaultMode: 0440'],
      [
        'that belongs to a third user',
        () => chownSync(at('secret', '..2026', 'access'), other, victim),
        'another user',
      ],
      [
        'that is a link to somewhere else',
        () => {
          rmSync(at('secret', 'access'))
          symlinkSync(at('home', 'key'), at('secret', 'access'))
          writeFor(victim, 'home/key')
        },
        'link to another folder',
      ],
    ])('and none %s', (_what, make, reason) => {
      setMode(0o440)
      make()
      const { code, stderr } = updateWith()
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(new RegExp(`${reason}[^]*E_KEY_FILE|E_KEY_FILE[^]*${reason}`)),
      ])
    })
  })

  it('writes a file of the user over none of another user', () => {
    makeFor(victim, 'work/out', 0o777)
    writeFor(other, 'work/out/run.prom', 0o666)
    const { code, stderr } = run(rehearse(...places(), '--metrics-file', at('work', 'out', 'run.prom')))
    expect([code, stderr]).toEqual([6, expect.stringContaining('belongs to another user')])
    expect(statSync(at('work', 'out', 'run.prom')).uid).toBe(other)
  })
})
