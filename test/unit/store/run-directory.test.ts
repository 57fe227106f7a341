import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  freshRunId,
  isRunBegun,
  openRunDirectory,
  openRunsDirectory,
} from '../../../src/store/run-directory.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'
import { manifestOf, openOptions } from '../../support/stored-run.ts'

const unfit = (path: string, why: string) =>
  expect.objectContaining({
    kind: 'USAGE',
    code: 'E_RUNS_DIR',
    message: expect.stringMatching(new RegExp(`^${path} cannot be made: .*${why}`)),
    remedy: expect.stringContaining('--runs-dir'),
  })

describe('the directory of a run', () => {
  let folder = ''
  const at = (...names: string[]) => join(folder, ...names)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runs-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made with all that it stands in, for its owner alone, and found the second time', () => {
    expect(openRunDirectory(at('a', 'b', 'run'))).toBe(at('a', 'b', 'run'))
    expect([at('a'), at('a', 'b'), at('a', 'b', 'run')].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700, 0o700,
    ])
    expect(openRunDirectory(at('a', 'b', 'run'))).toBe(at('a', 'b', 'run'))
  })

  it('may be behind a link', () => {
    mkdirSync(at('real'))
    symlinkSync('real', at('link'))
    openRunDirectory(at('link', 'run'))
    expect(existsSync(at('real', 'run'))).toBe(true)
  })

  it.skipIf(process.platform !== 'linux')('does not loop where nothing can be made', () => {
    expect(() => openRunsDirectory('/proc/rapyd-runs')).toThrow(unfit('/proc/rapyd-runs', 'ENOENT'))
    expect(() => openRunsDirectory('/proc/rapyd-runs/a/b')).toThrow(unfit('/proc/rapyd-runs/a/b', 'ENOENT'))
  })

  it('is named where a file or a link to nowhere is in its way', () => {
    writeFileSync(at('file'), '')
    symlinkSync('nowhere', at('link'))
    for (const name of ['file', 'file/runs', 'link', 'link/runs'])
      expect(() => openRunsDirectory(at(name))).toThrow(unfit(at(name), 'not a directory'))
  })

  it('is named where the disk is read-only, and is for another time where it is full', ({ skip }) => {
    const disk = makeSmallDisk(64)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      const runs = join(disk.path, 'runs')
      disk.remount('ro')
      expect(() => openRunsDirectory(runs)).toThrow(unfit(runs, 'read-only'))
      disk.remount('rw,nr_inodes=1')
      expect(() => openRunsDirectory(runs)).toThrow(
        expect.objectContaining({
          kind: 'LOCAL',
          code: 'E_DISK',
          message: `${runs} cannot be made: no space left on the disk (ENOSPC)`,
        }),
      )
    } finally {
      disk.remove()
    }
  })

  it('has a name that neither the folder nor the store has', async () => {
    const store = await openSqliteStore(at('store.db'))
    try {
      expect(await freshRunId(store, folder, 'run')).toBe('run')
      mkdirSync(at('run'))
      mkdirSync(at('run-3'))
      await (await store.openRun(manifestOf('run-2'), openOptions)).close()
      expect(await freshRunId(store, folder, 'run')).toBe('run-4')
    } finally {
      await store.close()
    }
  })

  it.each([
    ['is begun if it holds a file that a run writes', (name: string) => writeFileSync(name, 'x'), true],
    ['is not begun if that file is empty', (name: string) => writeFileSync(name, ''), false],
    ['is not begun if that file is a link', (name: string) => symlinkSync('other', name), false],
    ['is not begun without that file', () => {}, false],
  ])('%s', (_, make, expected) => {
    writeFileSync(at('other'), 'x')
    make(at('run.log'))
    expect(isRunBegun(folder)).toBe(expected)
  })
})
