import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate } from '../../../src/jobs/update.ts'

const pageBytes = 4096
/** First byte of a page that holds rows of a table (https://sqlite.org/fileformat2.html#b_tree_pages). */
const leaf = 13

describe('a run whose journal is damaged', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'damaged-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it.each<[string, (path: string) => void, string]>([
    ['in a record', (path) => changed(path, `record = '["half' WHERE row = 7`), 'the record of row 7 cannot'],
    ['in a record of another form', (path) => changed(path, `record = '[1]' WHERE row = 9`), 'row 9 cannot'],
    ['in a record that is an object', (path) => changed(path, `record = '{}' WHERE row = 9`), 'row 9 cannot'],
    ['in an outcome', (path) => changed(path, `kind = 'odd' WHERE row = 7`), 'an outcome that there is not'],
    ['in a page that holds what another one holds', twicePage, 'journal.db'],
  ])('%s sends nothing more', async (_where, damage, message) => {
    const rows = Array.from({ length: 300 }, (_, row) => `cus_${String(row).padStart(32, '0')},B`)
    const input = join(directory, 'crm.csv')
    writeFileSync(input, `customer,name\n${rows.join('\n')}\n`)
    const [runsDir, stateDir] = [join(directory, 'runs'), join(directory, 'state')]
    const options = { input, runsDir, stateDir, env: 'simulator', rate: 'none' } as const
    await bulkUpdate({ ...options, limit: 200 })
    const [run = ''] = readdirSync(runsDir)
    damage(join(runsDir, run, 'journal.db'))
    let isSending = false
    const again = bulkUpdate({
      ...options,
      onEvent: ({ kind }) => {
        isSending ||= kind === 'sending'
      },
    })
    await expect(again).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_JOURNAL_DAMAGED',
      message: expect.stringContaining(message),
    })
    expect(isSending).toBe(false)
  })
})

function changed(path: string, assignment: string): void {
  const db = new DatabaseSync(path)
  db.exec(`UPDATE outcome SET ${assignment}`)
  db.close()
}

/** Rows are missing then, and SQLite reads the others without a word. */
function twicePage(path: string): void {
  const bytes = readFileSync(path)
  const leaves = Array.from({ length: bytes.length / pageBytes }, (_, page) => page * pageBytes).filter(
    (at) => bytes[at] === leaf && bytes.subarray(at, at + pageBytes).includes('"cus_'),
  )
  const [first = 0, second = 0] = leaves
  bytes.copy(bytes, second, first, first + pageBytes)
  writeFileSync(path, bytes)
}
