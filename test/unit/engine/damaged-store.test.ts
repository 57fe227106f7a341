import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate } from '../../../src/jobs/update.ts'

const pageBytes = 4096
/** First byte of a page that holds rows of a table without row ids (https://sqlite.org/fileformat2.html#b_tree_pages). */
const leaf = 10

describe('a run whose store is damaged', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'damaged-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it.each<[string, (path: string) => void, string]>([
    [
      'in an outcome',
      (path) => edit(path, `SET message = 'half' WHERE row = 7`),
      'the outcome of row 7 is not',
    ],
    ['in the kind of an outcome', (path) => edit(path, `SET kind = 'odd' WHERE row = 9`), 'row 9 is not'],
    [
      'in a page that holds what another one holds',
      twicePage,
      'does not hold the outcomes that a run has counted',
    ],
  ])('%s sends nothing more', async (_where, damage, message) => {
    const rows = Array.from({ length: 300 }, (_, row) => `cus_${String(row).padStart(32, '0')},B`)
    const input = join(directory, 'crm.csv')
    writeFileSync(input, `customer,name\n${rows.join('\n')}\n`)
    const [runsDir, stateDir] = [join(directory, 'runs'), join(directory, 'state')]
    const options = { input, runsDir, stateDir, env: 'simulator', rate: 'none' } as const
    await bulkUpdate({ ...options, limit: 200 })
    damage(join(stateDir, 'store.db'))
    let isSending = false
    const again = bulkUpdate({
      ...options,
      onEvent: ({ kind }) => {
        isSending ||= kind === 'sending'
      },
    })
    await expect(again).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_STORE_DAMAGED',
      message: expect.stringContaining(message),
    })
    expect(isSending).toBe(false)
  })
})

function edit(path: string, assignment: string): void {
  const db = new DatabaseSync(path)
  db.exec(`UPDATE outcome ${assignment}`)
  db.close()
}

/** Rows are missing then, and SQLite reads the others without a word. */
function twicePage(path: string): void {
  const bytes = readFileSync(path)
  const leaves = Array.from({ length: bytes.length / pageBytes }, (_, page) => page * pageBytes).filter(
    (at) => bytes[at] === leaf && bytes.subarray(at, at + pageBytes).includes('update_customerupdated'),
  )
  const [first = 0, second = 0] = leaves
  bytes.copy(bytes, second, first, first + pageBytes)
  writeFileSync(path, bytes)
}
