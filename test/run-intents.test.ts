import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createIntentsAhead } from '../src/run-intents.ts'
import { openJournal } from '../src/store/journal.ts'
import { updateOf } from './support/rig.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-intents-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('intents of a batch are durable at once, and those that were not taken up are taken back', async () => {
  const path = join(directory, 'journal.db')
  const journal = openJournal(path, 100)
  const ahead = createIntentsAhead(journal)
  const one = updateOf({ name: 'Jo' })
  const requests = [1, 2, 3, 4].map((row) => Object.assign({}, one, { row }))
  const [first] = requests
  if (first === undefined) throw new Error('no request')
  ahead.make(requests)
  expect(requests.map(({ row }) => journal.isInDoubt(row))).toEqual([true, true, true, true])
  // Whoever sends it needs no commit of its own.
  expect(journal.intend(first)).toBeUndefined()
  ahead.taken(first)
  await ahead.takeBack()
  journal.close()
  const next = openJournal(path, 100)
  expect([...next.inDoubt.keys()]).toEqual([1])
  next.close()
})
