import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { openReadings } from '../../../src/store/readings.ts'

it('opens again what was kept on credit, by an earlier session too, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
  const path = join(folder, 'readings.db')
  try {
    const counts = { single: 1, pages: 1 }
    const first = openReadings(path, 0)
    first.want(['a', 'b', 'c'])
    first.keep([['a', { name: 'A' }]], counts)
    first.keep([['b', { name: '' }]], counts, true)
    first.close()
    const second = openReadings(path, 0)
    expect([...second.wanted()]).toEqual(['c'])
    second.giveBack()
    expect([[...second.wanted()], second.open, second.known('a')]).toEqual([['b', 'c'], 2, { name: 'A' }])
    second.keep([['b', { name: 'B' }]], counts)
    second.giveBack()
    expect(second.known('b')).toEqual({ name: 'B' })
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('readings that are not as they were written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
  const path = join(folder, 'readings.db')
  beforeEach(() => {
    rmSync(path, { force: true })
    const readings = openReadings(path, 0)
    readings.want(['a', 'b', 'c'])
    readings.keep([['a', { name: 'A' }]], { single: 1, pages: 0 })
    readings.close()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The message names the file, and what to do with it. */
  const refusal = expect.objectContaining({
    code: 'E_STORE_DAMAGED',
    message: `what the plan has read so far is damaged: ${path}`,
    remedy: expect.stringContaining(`Delete it with rm ${path} and`),
  })

  it.each([
    ['what a customer held', `UPDATE reading SET known = '{"name":"B"}'`],
    [
      'whose it is',
      "UPDATE reading SET id = CASE id WHEN 'a' THEN 'x' WHEN 'b' THEN 'a' ELSE id END, known = '{}'",
    ],
    ['no JSON any more', "UPDATE reading SET known = '{'"],
    ['no checksum', "UPDATE reading SET checksum = NULL WHERE id = 'a'"],
  ])('are not used: %s', (_, statements) => {
    const db = new DatabaseSync(path)
    db.exec(statements)
    db.close()
    using readings = openReadings(path, 0)
    expect(() => readings.known('a')).toThrow(refusal)
  })

  it('are not used if the file is no database', () => {
    writeFileSync(path, 'this is no database'.repeat(50))
    expect(() => openReadings(path, 0)).toThrow(refusal)
  })

  it('are not followed in a cycle', () => {
    const readings = openReadings(path, 0)
    const db = new DatabaseSync(path)
    // Such a view answers each page with the same rows.
    db.exec(`ALTER TABLE reading RENAME TO old;
      CREATE VIEW reading AS SELECT place + 0 * random() - place + 1 AS place, id, at FROM old`)
    db.close()
    expect(() => [...readings.all()]).toThrow(refusal)
    readings.close()
  })
})
