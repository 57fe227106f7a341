import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/model/outcome.ts'
import type { UpdateRequest } from '../../../src/model/row.ts'
import { openJournal } from '../../../src/store/journal.ts'
import { markPath } from '../../../src/store/mark.ts'
import { inJournal, readJournal } from '../../../src/store/saved-journal.ts'
import { schema } from '../../../src/store/open-database.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'

const customerId = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const request = (row: number): UpdateRequest => ({
  row,
  line: row + 1,
  offset: row * 10,
  length: 9,
  customerId,
  path: `/v1/customers/${customerId}`,
  body: '{"name":"x"}',
  idempotencyKey: `key${row}`,
  fields: 'name',
  cleared: '',
  repeatable: true,
})
const outcome = (row: number, kind: Outcome['outcome'] = 'updated'): Outcome => ({
  row,
  line: row + 1,
  offset: row * 10,
  length: 9,
  customerId,
  outcome: kind,
  fields: 'name',
  cleared: '',
  attempts: 1,
  httpStatus: 200,
  errorCode: '',
  errorField: '',
  message: '',
  operationId: 'op',
  idempotencyKey: `key${row}`,
  latencyMs: 5,
  retries: '',
  finishedAt: 1,
  mergedInto: 0,
})

const changed = (path: string, statement: string): void => {
  const db = new DatabaseSync(path)
  db.exec(statement)
  db.close()
}

const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
const copyOver = (from: string, to: string, names: readonly string[]): void => {
  for (const name of names) copyFileSync(join(from, name), join(to, name))
}
const rmAll = (directory: string, names: readonly string[]): void => {
  for (const name of names) rmSync(join(directory, name), { force: true })
}

/** As a killed process leaves it: two commits before, and three after, the copy that `old` gets. */
async function killedIn(directory: string): Promise<{ readonly path: string; readonly old: string }> {
  const [own, path, old] = ['own', 'killed', 'old'].map((name) => join(directory, name))
  if (own === undefined || path === undefined || old === undefined) throw new Error('no names')
  mkdirSync(own)
  const journal = openJournal(join(own, 'journal.db'), 4)
  await journal.settle(outcome(1))
  await journal.intend(request(2))
  cpSync(own, old, { recursive: true })
  for (const row of [2, 3, 4]) await journal.settle(outcome(row))
  cpSync(own, path, { recursive: true })
  journal.close()
  return { path, old }
}

describe('the journal', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'journal-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('gives back in row order what was settled in any order, after it was opened again', async () => {
    const path = join(directory, 'journal.db')
    const first = openJournal(path, 4)
    await Promise.all([3, 1, 2].map((row) => first.settle(outcome(row))))
    first.close()
    const second = openJournal(path, 4)
    expect([...second.outcomes()].flat()).toEqual([outcome(1), outcome(2), outcome(3)])
    expect([1, 2, 3, 4].map((row) => second.settledRows.has(row))).toEqual([true, true, true, false])
    expect([...second.counts()]).toEqual([['updated', 3]])
    second.close()
  })

  it('gives many outcomes in batches, none left out', async () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    const rows = Array.from({ length: 250 }, (_, at) => at + 1)
    const odd = { errorField: 'a"b,]', message: 'line\nbreak \u0000 and 🙂', retries: "it's" }
    const settled = rows.map((row) => Object.assign(outcome(row), odd))
    await Promise.all(settled.map((each) => journal.settle(each)))
    expect([...journal.outcomes()].flat()).toEqual(settled)
    journal.close()
  })

  it('names the row whose record was damaged among others', async () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    await Promise.all([1, 2, 3].map((row) => journal.settle(outcome(row))))
    changed(path, `UPDATE outcome SET record = '[1]' WHERE row = 2`)
    expect(() => [...journal.outcomes()]).toThrow('row 2')
    journal.close()
  })

  it('names rows with an intent and no outcome as in doubt, and the lanes that stay closed', async () => {
    const journal = openJournal(join(directory, 'journal.db'), 4)
    await Promise.all([1, 2, 3].map(async (row) => journal.intend(request(row))))
    await journal.intend(request(2))
    await journal.settle(outcome(1))
    await journal.settle(outcome(3, 'unknown'))
    expect([1, 2, 3].map((row) => journal.isInDoubt(row))).toEqual([false, true, false])
    expect([...journal.closedCustomers()]).toEqual([customerId])
    journal.close()
  })

  it('counts its outcomes, and the error codes of rows that need attention', async () => {
    const journal = openJournal(join(directory, 'journal.db'), 4)
    await Promise.all([
      journal.settle(outcome(1)),
      journal.settle({ ...outcome(2, 'rejected'), errorCode: 'E_API' }),
      journal.settle({ ...outcome(3, 'invalid'), errorCode: 'E_EMAIL' }),
      journal.settle({ ...outcome(4, 'invalid'), errorCode: 'E_EMAIL' }),
    ])
    expect(Object.fromEntries(journal.counts())).toEqual({ updated: 1, rejected: 1, invalid: 2 })
    expect(Object.fromEntries(journal.errorCounts())).toEqual({ E_API: 1, E_EMAIL: 2 })
    journal.close()
  })

  it('forgets an intent that is taken back, and knows it again when it is made again', async () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    await Promise.all([1, 2, 3].map(async (row) => journal.intend(request(row))))
    await Promise.all([1, 2].map((row) => journal.withdraw(request(row))))
    await journal.withdraw(request(9))
    await journal.intend(request(2))
    expect([1, 2, 3, 9].map((row) => journal.isInDoubt(row))).toEqual([false, true, true, false])
    journal.close()
    const next = openJournal(path, 4)
    expect(new Set(next.inDoubt.keys())).toEqual(new Set([2, 3]))
    next.close()
  })

  it('says where to begin again: at the last row before the first open one', async () => {
    const journal = openJournal(join(directory, 'journal.db'), 4)
    expect(journal.lastOfSettled()).toBeUndefined()
    await Promise.all([2, 4].map((row) => journal.settle(outcome(row))))
    expect(journal.lastOfSettled()).toBeUndefined()
    await journal.settle(outcome(1))
    expect(journal.lastOfSettled()).toMatchObject({ row: 2, line: 3, offset: 20, length: 9 })
    journal.close()
  })

  it('is on disk when an intent resolves: another reader sees it', async () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    await journal.intend(request(1))
    const reader = new DatabaseSync(path, { readOnly: true })
    expect(reader.prepare('SELECT rows FROM intent').all()).toEqual([{ rows: '1' }])
    reader.close()
    journal.close()
  })

  it('writes notes with the next commit, and nothing at all after a write that failed', async () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    journal.note('slowest', '7')
    await journal.intend(request(1))
    expect(journal.get('slowest')).toBe('7')
    const other = new DatabaseSync(path)
    other.exec("CREATE TRIGGER full BEFORE INSERT ON run BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END")
    expect(() => journal.set('state', 'finished')).toThrow('disk full')
    other.exec('DROP TRIGGER full')
    other.close()
    await expect(journal.withdraw(request(1))).rejects.toMatchObject({ code: 'E_JOURNAL' })
    expect(() => journal.set('state', 'finished')).toThrow('disk full')
    journal.close()
    const next = openJournal(path, 4)
    expect([...next.inDoubt.keys()]).toEqual([1])
    next.close()
  })

  it('refuses the second outcome of a row, for good', async () => {
    const journal = openJournal(join(directory, 'journal.db'), 4)
    await journal.settle(outcome(1))
    await expect(journal.settle(outcome(1))).rejects.toMatchObject({ code: 'E_JOURNAL' })
    await expect(journal.settle(outcome(2))).rejects.toMatchObject({ code: 'E_JOURNAL' })
    journal.close()
  })

  it('refuses a journal of a newer version by name', () => {
    const path = join(directory, 'journal.db')
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    expect(() => openJournal(path, 4)).toThrow(expect.objectContaining({ code: 'E_JOURNAL_VERSION' }))
  })

  it('is not made anew beside what only a run writes that had one', () => {
    writeFileSync(join(directory, 'run.log'), '{}\n')
    const path = join(directory, 'journal.db')
    const lost = expect.objectContaining({ kind: 'LOCAL', code: 'E_JOURNAL_LOST' })
    expect(() => openJournal(path, 4)).toThrow(lost)
    writeFileSync(path, '')
    expect(() => openJournal(path, 4)).toThrow(lost)
    expect(statSync(path).size).toBe(0)
  })

  it.each<[string, (path: string) => void]>([
    ['that is no database', (path) => writeFileSync(path, 'x'.repeat(8192))],
    ['whose record was cut', (path) => changed(path, `UPDATE outcome SET record = '["half' WHERE row = 1`)],
    [
      'with something behind a record',
      (path) => changed(path, "UPDATE outcome SET record = record || ',[]'"),
    ],
    ['with an outcome that there is not', (path) => changed(path, `UPDATE outcome SET kind = 'odd'`)],
  ])('is called damaged where it is one %s', async (_, damage) => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    await journal.settle(outcome(1))
    journal.close()
    damage(path)
    const read = () => {
      const opened = openJournal(path, 4)
      try {
        return [...opened.outcomes()]
      } finally {
        opened.close()
      }
    }
    expect(read).toThrow(expect.objectContaining({ kind: 'LOCAL', code: 'E_JOURNAL_DAMAGED' }))
  })

  it('is for its owner alone', () => {
    const path = join(directory, 'journal.db')
    const journal = openJournal(path, 4)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    journal.close()
  })

  describe('that has gone back', () => {
    const lost = expect.objectContaining({ kind: 'LOCAL', code: 'E_JOURNAL_LOST' })

    it('is opened if nothing is missing, and if its log has more than its mark shows', async () => {
      const { path, old } = await killedIn(directory)
      copyFileSync(join(old, 'journal.db-mark'), join(path, 'journal.db-mark'))
      const journal = openJournal(join(path, 'journal.db'), 4)
      expect(journal.settledRows.size).toBe(4)
      journal.close()
    })

    it.each<[string, (path: string, old: string) => void]>([
      ['without its log', (path) => rmSync(join(path, 'journal.db-wal'))],
      ['with half of its log', (path) => truncateSync(join(path, 'journal.db-wal'), 12_000)],
      ['with one bit of its log changed', (path) => flip(join(path, 'journal.db-wal'), 9_000)],
      ['as an old copy with its log', (path, old) => copyOver(old, path, ['journal.db', 'journal.db-wal'])],
      ['without its mark', (path) => rmSync(join(path, 'journal.db-mark'))],
      ['with a mark that is damaged', (path) => flip(join(path, 'journal.db-mark'), 40)],
      [
        'next to the mark of another one',
        (path) => {
          openJournal(join(directory, 'other.db'), 4).close()
          copyFileSync(join(directory, 'other.db-mark'), join(path, 'journal.db-mark'))
        },
      ],
      [
        'that is gone, with its mark left',
        (path) => rmAll(path, ['journal.db', 'journal.db-wal', 'journal.db-shm']),
      ],
    ])('is refused %s', async (_how, damage) => {
      const { path, old } = await killedIn(directory)
      damage(path, old)
      expect(() => openJournal(join(path, 'journal.db'), 4)).toThrow(lost)
      expect(() => readJournal(path)).toThrow(expect.objectContaining({ code: 'E_JOURNAL_READ' }))
    })

    it('is refused if nothing but its empty file is left next to the log of its run', async () => {
      const { path } = await killedIn(directory)
      rmAll(path, ['journal.db-wal', 'journal.db-shm', 'journal.db-mark'])
      writeFileSync(join(path, 'run.log'), '{}\n')
      expect(() => openJournal(join(path, 'journal.db'), 4)).toThrow(lost)
    })

    it('is read while it is written', async () => {
      const journal = openJournal(join(directory, 'journal.db'), 1)
      for (let row = 1; row <= 20; row++) {
        await journal.settle(outcome(row))
        expect(inJournal(directory, (found) => found.counts().get('updated'))).toBe(row)
      }
      journal.close()
    })

    it('goes on from a version that kept no mark', async () => {
      const path = join(directory, 'journal.db')
      openJournal(path, 4).close()
      changed(path, 'DROP TABLE progress')
      rmSync(markPath(path))
      const journal = openJournal(path, 4)
      await journal.settle(outcome(1))
      journal.close()
      rmSync(markPath(path))
      expect(() => openJournal(path, 4)).toThrow(lost)
    })
  })

  it('can be made where one was begun and nothing came of it: empty, or tables without a version', async () => {
    const path = join(directory, 'journal.db')
    const [first = '', second = ''] = schema.split('\n').filter((line) => line.startsWith('CREATE'))
    for (const begun of ['', first, `${first}${second}`]) {
      rmSync(path, { force: true })
      rmSync(markPath(path), { force: true })
      writeFileSync(path, '')
      const db = new DatabaseSync(path)
      db.exec(`PRAGMA journal_mode = WAL; ${begun.replaceAll('IF NOT EXISTS ', '')}`)
      db.close()
      const journal = openJournal(path, 4)
      await journal.settle(outcome(1))
      expect([...journal.outcomes()].flat()).toEqual([outcome(1)])
      journal.close()
    }
  })

  it('can be made once there is room, wherever the disk was full the first time', async ({ skip }) => {
    const disk = makeSmallDisk(256)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      let refusals = 0
      for (let room = 0; room <= 128; room += 4) {
        const [path, filler] = [join(disk.path, `${room}.db`), join(disk.path, 'filler')]
        writeFileSync(filler, Buffer.alloc((256 - room) * 1024))
        try {
          openJournal(path, 4).close()
        } catch (error) {
          expect(error).toMatchObject({ kind: 'LOCAL', code: 'E_JOURNAL' })
          refusals += 1
        }
        rmSync(filler)
        const journal = openJournal(path, 4)
        await journal.settle(outcome(1))
        expect([...journal.outcomes()].flat()).toEqual([outcome(1)])
        journal.close()
        for (const name of readdirSync(disk.path)) rmSync(join(disk.path, name))
      }
      expect(refusals).toBeGreaterThan(3)
    } finally {
      disk.remove()
    }
  })
})
