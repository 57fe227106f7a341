import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openJournal } from '../../../src/store/journal.ts'
import { lockRun } from '../../../src/store/lock.ts'
import { outcomeOf } from '../report/outcome.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'

describe('the lock of a run', () => {
  let directory = ''
  const holder = () => join(directory, 'holder.json')
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lock-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('has one holder at a time, and the second is told who', () => {
    const release = lockRun(directory, 'a-run')
    expect(() => lockRun(directory, 'a-run')).toThrow(
      expect.objectContaining({ kind: 'BUSY', message: expect.stringContaining(`process ${process.pid} `) }),
    )
    release()
    expect(readdirSync(directory)).toEqual(['run.lock'])
    lockRun(directory, 'a-run')()
  })

  it.each([
    ['that has ended', () => JSON.stringify({ pid: spawnSync('true').pid, since: '2026-01-01' })],
    ['that is no number', () => '{"pid":"\\u001b[2J","since":"now"}'],
    ['of which half is written', () => '{"pid":'],
  ])('names no process %s', (_what, stale) => {
    const release = lockRun(directory, 'a-run')
    try {
      writeFileSync(holder(), stale())
      expect(() => lockRun(directory, 'a-run')).toThrow(
        expect.objectContaining({ kind: 'BUSY', message: 'run a-run is held by another process' }),
      )
    } finally {
      release()
    }
  })

  it('tells the second how many rows are done, by the journal of the first', async () => {
    const release = lockRun(directory, 'a-run')
    const journal = openJournal(join(directory, 'journal.db'), 8)
    try {
      await journal.settle(outcomeOf({ row: 1 }))
      await journal.settle(outcomeOf({ row: 2 }))
      expect(() => lockRun(directory, 'a-run')).toThrow(
        expect.objectContaining({ kind: 'BUSY', message: expect.stringMatching(/ since .+; rows done: 2$/) }),
      )
    } finally {
      journal.close()
      release()
    }
  })

  it('takes over what a killed process left', () => {
    writeFileSync(holder(), JSON.stringify({ pid: 1, since: 'long ago' }))
    const release = lockRun(directory, 'a-run')
    expect(JSON.parse(readFileSync(holder(), 'utf8'))).toMatchObject({ pid: process.pid })
    release()
  })

  it('is not busy where its file is no lock', () => {
    writeFileSync(
      join(directory, 'run.lock'),
      'somebody else wrote this, and it is no database at all'.repeat(20),
    )
    expect(() => lockRun(directory, 'a-run')).toThrow(
      expect.objectContaining({ kind: 'LOCAL', code: 'E_DISK', message: expect.stringContaining(directory) }),
    )
  })

  it('is not busy on a full or a read-only disk, and leaves no lock there', ({ skip }) => {
    const disk = makeSmallDisk(64)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      lockRun(disk.path, 'a-run')()
      const filler = join(disk.path, 'filler')
      writeFileSync(filler, Buffer.alloc(64 * 1024))
      expect(() => lockRun(disk.path, 'a-run')).toThrow(
        expect.objectContaining({
          kind: 'LOCAL',
          code: 'E_DISK',
          message: expect.stringContaining('no space left'),
        }),
      )
      rmSync(filler)
      disk.remount('ro')
      expect(() => lockRun(disk.path, 'a-run')).toThrow(
        expect.objectContaining({
          kind: 'USAGE',
          code: 'E_RUNS_DIR',
          message: expect.stringContaining(
            `${disk.path}/run.lock cannot be locked: the file system is read-only`,
          ),
        }),
      )
      disk.remount('rw')
      lockRun(disk.path, 'a-run')()
    } finally {
      disk.remove()
    }
  })
})
