import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLocked } from '../../../src/config/file-lock.ts'
import { openOwnDatabase, tryLock } from '../../../src/store/own-database.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'

let folder = ''
const at = (name: string) => join(folder, name)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-own-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A process that takes the lock, and keeps it until it ends. */
async function startHolder(path: string) {
  const module = new URL('../../../src/store/own-database.ts', import.meta.url).href
  const script = `import { tryLock } from ${JSON.stringify(module)}
    const answer = tryLock(process.argv[1]) === undefined ? 'refused' : 'taken'
    if (answer === 'taken') setInterval(() => {}, 60_000)
    // Nothing refers to the lock any more.
    setImmediate(() => {
      globalThis.gc()
      process.stdout.write(answer)
    })`
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--input-type=module-typescript', '-e', script, path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [answer] = await once(child.stdout, 'data')
  return { child, answer: String(answer) }
}

describe('a lock', () => {
  it('has one holder at a time, and its file goes with it', () => {
    const unlock = tryLock(at('a.lock'))
    expect([unlock === undefined, isLocked(at('a.lock')), tryLock(at('a.lock'))]).toEqual([
      false,
      true,
      undefined,
    ])
    unlock?.()
    expect([isLocked(at('a.lock')), readdirSync(folder)]).toEqual([false, []])
    tryLock(at('a.lock'))?.()
  })

  it('of another process keeps this one out, and is free when that process is killed', async () => {
    const { child, answer } = await startHolder(at('a.lock'))
    try {
      expect([answer, isLocked(at('a.lock')), tryLock(at('a.lock'))]).toEqual(['taken', true, undefined])
    } finally {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    expect([existsSync(at('a.lock')), isLocked(at('a.lock'))]).toEqual([true, false])
    const unlock = tryLock(at('a.lock'))
    expect(unlock).toBeDefined()
    unlock?.()
  })

  it('of this process keeps another one out, also after this one has asked if it is locked', async () => {
    const unlock = tryLock(at('a.lock'))
    // A plain descriptor of the file that is closed would free it.
    expect([isLocked(at('a.lock')), tryLock(at('a.lock'))]).toEqual([true, undefined])
    const { child, answer } = await startHolder(at('a.lock'))
    if (child.exitCode === null) await once(child, 'close')
    expect(answer).toBe('refused')
    unlock?.()
  })

  it('that nobody has taken is not locked, and asking makes no file', () => {
    expect([isLocked(at('a.lock')), readdirSync(folder)]).toEqual([false, []])
  })

  it('is free whatever its file holds, which is made anew if it is no database', () => {
    for (const end of ['', '-journal']) writeFileSync(at(`a.lock${end}`), 'this is no database'.repeat(50))
    const unlock = tryLock(at('a.lock'))
    expect([unlock, isLocked(at('a.lock'))]).toEqual([expect.any(Function), true])
    unlock?.()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not taken for busy on a full or a read-only disk', ({ skip }) => {
    const disk = makeSmallDisk(64)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      const path = join(disk.path, 'a.lock')
      tryLock(path)?.()
      disk.remount('ro')
      expect(() => tryLock(path)).toThrow(expect.objectContaining({ code: 'EROFS' }))
      disk.remount('rw,nr_inodes=1')
      expect(() => tryLock(path)).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    } finally {
      disk.remove()
    }
  })
})

describe('a database of our own', () => {
  it('can be read by its owner only, and so can the files next to it', () => {
    const db = openOwnDatabase(at('a.db'))
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE one (id INTEGER)')
    const modes = readdirSync(folder).map(
      (name) => `${name} ${(statSync(at(name)).mode & 0o777).toString(8)}`,
    )
    db.close()
    expect(modes.toSorted()).toEqual(['a.db 600', 'a.db-shm 600', 'a.db-wal 600'])
  })

  it('is taken from everybody else if it was open to them', () => {
    writeFileSync(at('a.db'), '', { mode: 0o644 })
    openOwnDatabase(at('a.db')).close()
    expect(statSync(at('a.db')).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['a link', (path: string) => symlinkSync('other', path)],
    ['a file with a second name', (path: string) => linkSync(at('other'), path)],
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
  ])('is never %s', (_, make) => {
    writeFileSync(at('other'), '')
    make(at('a.db'))
    expect(() => openOwnDatabase(at('a.db'))).toThrow(expect.objectContaining({ code: 'EMLINK' }))
  })
})
