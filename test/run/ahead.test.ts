/** Which runs have intents ahead, and what is left of them when a run ends. The sender is replaced; the rest is real. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { bulkUpdate } from '../../src/bulk-update.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { UpdateRequest } from '../../src/domain/request.ts'
import type { UpdateOptions } from '../../src/options.ts'
import { redo } from '../../src/redo/redo.ts'
import { openJournal } from '../../src/store/journal.ts'
import { outcomeOf } from '../report/outcome.ts'
import { startRehearsal } from '../acceptance/support/rehearsal.ts'
import { updateOf } from '../support/rig.ts'

const sender = vi.hoisted(() => ({
  deliver: (_request: UpdateRequest, _signal: AbortSignal): Promise<Outcome | undefined> =>
    Promise.resolve(undefined),
}))
vi.mock(import('../../src/client/sender.ts'), () => ({
  createSender: () => (request, signal) => sender.deliver(request, signal),
}))
/** What each run asked for, and which of its rows 10 to 12 were open then. */
const asked = vi.hoisted((): { lastRow: number; open: boolean[] }[] => [])
vi.mock(import('../../src/store/journal.ts'), async (importOriginal) => {
  const original = await importOriginal()
  return {
    openJournal(path, group) {
      const journal = original.openJournal(path, group)
      return {
        ...journal,
        intendAhead(ahead) {
          asked.push({ lastRow: ahead.lastRow, open: [10, 11, 12].map(ahead.isOpen) })
          journal.intendAhead(ahead)
        },
      }
    },
  }
})

let folder = ''
let options: UpdateOptions = { input: '' }
beforeEach(() => {
  asked.length = 0
  folder = mkdtempSync(join(tmpdir(), 'ahead-'))
  const rows = Array.from({ length: 40 }, (_, row) => `cus_${row},Name ${row}\n`)
  writeFileSync(join(folder, 'crm.csv'), `customer,name\n${rows.join('')}`)
  options = {
    input: join(folder, 'crm.csv'),
    env: 'simulator',
    rate: 'none',
    runsDir: join(folder, 'runs'),
    stateDir: join(folder, 'state'),
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (more: Partial<UpdateOptions> = {}, signal = new AbortController().signal) =>
  bulkUpdate({ ...options, ...more, signal })
const confirm = (request: UpdateRequest): Promise<Outcome> =>
  Promise.resolve(outcomeOf({ ...request, outcome: 'updated' }))
function inDoubt(directory: string): number[] {
  const journal = openJournal(join(directory, 'journal.db'), 8)
  const rows = [...journal.inDoubt.keys()]
  journal.close()
  return rows
}

test('a run without windows has intents ahead, for rows that are open and in no doubt', async () => {
  sender.deliver = confirm
  const { directory } = await run({ limit: 10 })
  const journal = openJournal(join(directory, 'journal.db'), 8)
  await journal.intend({ ...updateOf({ name: 'N' }), row: 12 })
  journal.close()
  await run()
  expect(asked).toEqual([
    { lastRow: 10, open: [true, true, true] },
    { lastRow: 40, open: [false, true, false] },
  ])
})

test('a limit leaves no row behind it in doubt', async () => {
  sender.deliver = confirm
  const { directory } = await run({ limit: 20, concurrency: 1 })
  expect(inDoubt(directory)).toEqual([])
})

test('a stop takes back the intents of rows that nobody came to, while calls are still under way', async () => {
  const stop = new AbortController()
  sender.deliver = async (request, signal) => {
    if (request.row < 20) return confirm(request)
    if (request.row === 20) stop.abort('SIGTERM')
    if (!signal.aborted) await once(signal, 'abort')
    return undefined
  }
  const { directory } = await run({ concurrency: 1 }, stop.signal)
  // What was on its way is the sender's to take back.
  expect(inDoubt(directory)).toEqual([20])
})

test.each<[string, Partial<UpdateOptions>]>([
  ['with windows', { rate: '40/1s' }],
  ['that keeps before-images', { backup: true }],
])('a run %s has none ahead', async (_, more) => {
  sender.deliver = confirm
  await run({ ...more, limit: 5 })
  expect(asked).toEqual([])
})

test('a run that keeps a sync state has none ahead: which fields are sent stands beside each intent', async () => {
  sender.deliver = confirm
  const rehearsal = await startRehearsal([])
  const { env: _, ...others } = options
  const { url: baseUrl, accessKey, secretKey } = rehearsal.simulator
  try {
    await bulkUpdate({ ...others, baseUrl, accessKey, secretKey, onlyChanged: true, limit: 5 })
  } finally {
    await rehearsal.close()
  }
  expect(asked).toEqual([])
})

test('a redo has none ahead: its rows are not all rows of its input', async () => {
  sender.deliver = (request) =>
    request.row % 2 === 0
      ? Promise.resolve(outcomeOf({ ...request, outcome: 'rejected', errorCode: 'E_API' }))
      : confirm(request)
  const { directory } = await run({ maxErrors: '100%' })
  asked.length = 0
  sender.deliver = confirm
  const { input: _, ...others } = options
  await redo({ ...others, run: directory })
  expect(asked).toEqual([])
})
