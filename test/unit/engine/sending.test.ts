/** What becomes of a run when one of its rows meets an error that ends it. The sender is replaced; the rest is real. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bulkUpdate } from '../../../src/jobs/update.ts'
import type { UpdateOptions } from '../../../src/config/options.ts'
import type { UpdateRequest, Outcome } from '../../../src/model/row.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import { withStore } from '../../../src/store/open-store.ts'
import { outcomeOf } from '../report/outcome.ts'
import { openOptions, rowRequest } from '../../support/stored-run.ts'

const sender = vi.hoisted(() => ({
  deliver: (_request: UpdateRequest, _signal: AbortSignal): Promise<Outcome | undefined> =>
    Promise.resolve(undefined),
}))
vi.mock(import('../../../src/http/sender.ts'), () => ({
  createSender: () => (request, signal) => sender.deliver(request, signal),
}))

let folder = ''
let options: UpdateOptions = { input: '' }
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'))
  write(Array.from({ length: 40 }, (_, row) => `cus_${row},Name ${row}`))
  options = { input: join(folder, 'crm.csv'), env: 'simulator', runsDir: join(folder, 'runs') }
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (rows: readonly string[]) =>
  writeFileSync(join(folder, 'crm.csv'), `customer,name\n${rows.join('\n')}\n`)
const running = new AbortController().signal
const run = (more: Partial<UpdateOptions> = {}, signal = running) =>
  bulkUpdate({ ...options, ...more, signal })
const confirm = (request: UpdateRequest): Promise<Outcome> =>
  Promise.resolve(outcomeOf({ ...request, outcome: 'updated' }))
const wrong = new BulkUpdateError('E_WRONG_CUSTOMER', 'wrong', 'Look.')

test('an error that nobody foresaw comes out, and the run is not finished by it', async () => {
  sender.deliver = (request) =>
    request.row === 3 ? Promise.reject(new TypeError('a bug')) : confirm(request)
  await expect(run()).rejects.toThrow('a bug')
  sender.deliver = confirm
  const again = await run()
  expect(again).toMatchObject({ finishedBefore: false, exitCode: 0 })
  expect(again.summary.outcomes.updated).toBe(40)
})

test('an error that stops the run is said in the summary, and the run goes on later', async () => {
  sender.deliver = (request) => (request.row === 3 ? Promise.reject(wrong) : confirm(request))
  const stopped = await run()
  expect(stopped).toMatchObject({ exitCode: 5, stopped: wrong })
  expect(stopped.summary.outcomes.not_attempted).toBeGreaterThan(0)
  sender.deliver = confirm
  expect(await run()).toMatchObject({ exitCode: 0, finishedBefore: false })
})

test('what is in flight when the run stops is told at once and still gets its outcome into the report', async () => {
  // More rows than the lanes hold at once, so that the loop waits for room when the run stops.
  write(Array.from({ length: 300 }, (_, row) => `cus_${row},Name`))
  let told: unknown
  sender.deliver = async (request, signal) => {
    if (request.row === 3) throw wrong
    if (!signal.aborted) await once(signal, 'abort')
    if (request.row !== 2) return undefined
    told = signal.reason
    await setImmediate()
    return confirm(request)
  }
  const { summary, directory } = await run({ concurrency: 1 })
  expect(told).toBe(wrong)
  expect(summary.exit_code).toBe(5)
  expect(readFileSync(join(directory, 'results.csv'), 'utf8')).toMatch(/^2,3,cus_1,updated,/m)
})

test('a signal ends the run with its own exit code, and rows that were not taken up stay open', async () => {
  const stop = new AbortController()
  sender.deliver = (request, signal) => {
    if (request.row === 3) stop.abort('SIGTERM')
    return signal.aborted ? Promise.resolve(undefined) : confirm(request)
  }
  const { summary, stopped } = await run({}, stop.signal)
  expect(stopped).toMatchObject({ code: 'E_STOPPED', exitCode: 143 })
  expect(summary.outcomes).toMatchObject({ updated: 2, not_attempted: 38 })
})

test('--max-errors stops the run, and only what Rapyd or the network did counts', async () => {
  sender.deliver = async (request, signal) => {
    if (request.row <= 5) return outcomeOf({ ...request, outcome: 'rejected', errorCode: 'E_API' })
    if (!signal.aborted) await once(signal, 'abort')
    return undefined
  }
  const { summary } = await run({ maxErrors: '4' })
  expect(summary).toMatchObject({ exit_code: 5, next: expect.stringContaining('is not finished') })
  expect(summary.outcomes).toMatchObject({ rejected: 5, not_attempted: 35 })
})

test('a row behind a failed one of its customer is not attempted, one behind a refused one is', async () => {
  write(['cus_1,a', 'cus_1,b', 'cus_2,a', 'cus_2,b'])
  sender.deliver = (request) =>
    request.row === 1
      ? Promise.resolve(outcomeOf({ ...request, outcome: 'failed', errorCode: 'E_NETWORK' }))
      : request.row === 3
        ? Promise.resolve(outcomeOf({ ...request, outcome: 'rejected', errorCode: 'E_API' }))
        : confirm(request)
  const { summary } = await run({ maxErrors: '100%' })
  expect(summary.outcomes).toMatchObject({ failed: 1, rejected: 1, not_attempted: 1, updated: 1 })
  expect(summary.errors.map(({ code, example_row }) => [code, example_row])).toContainEqual([
    'E_EARLIER_ROW',
    2,
  ])
})

test('rows in doubt that wait to be read back do not keep new rows waiting', async () => {
  sender.deliver = (request) => (request.row === 3 ? Promise.reject(wrong) : confirm(request))
  await run({ concurrency: 1 })
  // More than a concurrency of one has places for.
  const doubted = Array.from({ length: 25 }, (_, index) => index + 15)
  await withStore({}, async (store) => {
    const [stopped] = await store.runs()
    if (stopped === undefined) throw new Error('no run')
    const opened = await store.openRun(stopped.stored, { ...openOptions, fieldsOf: undefined })
    await Promise.all(doubted.map(async (row) => opened.recordIntent(rowRequest(row), 0)))
    await opened.close()
  })
  const isNewSent = Promise.withResolvers<void>()
  sender.deliver = async (request) => {
    if (doubted.includes(request.row)) await isNewSent.promise
    if (request.row === 40) isNewSent.resolve()
    return confirm(request)
  }
  expect((await run({ concurrency: 1 })).summary.outcomes.updated).toBe(40)
})

test.each([
  [1, 8],
  [16, 128],
  [50, 256],
  [300, 300],
])(
  'with %i requests in flight at most %i rows are taken up, and may be in doubt after a crash',
  async (concurrency, most) => {
    write(Array.from({ length: 400 }, (_, row) => `cus_${row},Name`))
    const stop = new AbortController()
    let taken = 0
    sender.deliver = async (_request, signal) => {
      if (++taken === most) {
        for (let turns = 0; turns < 5; turns++) await setImmediate()
        stop.abort('SIGTERM')
      }
      if (!signal.aborted) await once(signal, 'abort')
      return undefined
    }
    await run({ concurrency, rate: 'none' }, stop.signal)
    expect(taken).toBe(most)
  },
)

test('a report that cannot be written does not hide what stopped the run', async () => {
  sender.deliver = (request) => (request.row === 3 ? Promise.reject(wrong) : confirm(request))
  const { directory } = await run()
  rmSync(join(directory, 'results.csv'))
  mkdirSync(join(directory, 'results.csv'))
  await expect(run()).rejects.toMatchObject({
    code: 'E_WRONG_CUSTOMER',
    exitCode: 5,
    remedy: 'Look.',
    message: expect.stringMatching(/^wrong; .+results\.csv is not a regular file/),
  })
})

describe('a file that changes while its rows are sent', () => {
  /** Far more than is read ahead of the rows in flight. */
  const many = Array.from({ length: 12_000 }, (_, row) => `cus_${row},${'N'.repeat(40)}${row}`)
  const change = () => write([...many, 'cus_x,another'])

  test('ends the run with results and a summary from the store, and a message that names the run', async () => {
    write(many)
    sender.deliver = (request) => {
      if (request.row === 5) change()
      return request.row === 2
        ? Promise.resolve(outcomeOf({ ...request, outcome: 'rejected', errorCode: 'E_API' }))
        : confirm(request)
    }
    const { summary, stopped, exitCode, directory } = await run()
    const runId = basename(directory)
    expect({ exitCode, code: stopped?.code, next: summary.next }).toEqual({
      exitCode: 3,
      code: 'E_INPUT_CHANGED',
      next: expect.stringMatching(
        new RegExp(`^Run ${runId} is not finished\\. To go on with it, put .+crm\\.csv back`),
      ),
    })
    expect(stopped?.message).toMatch(
      new RegExp(`^run ${runId}: .+crm\\.csv changed while it was read: .+errors is not;`),
    )
    const results = readFileSync(join(directory, 'results.csv'), 'utf8').trim().split('\n')
    expect(results.length - 1).toBe(summary.outcomes.updated + summary.outcomes.rejected)
    expect(summary.outcomes.rejected).toBe(1)
    expect(summary.outcomes.updated + summary.outcomes.not_attempted).toBe(many.length - 1)
    expect(JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'))).toEqual(summary)
    expect(readdirSync(directory)).not.toContain('errors.csv')

    // With the file as it was, the same command goes on, and all files are made.
    write(many)
    sender.deliver = confirm
    expect(await run()).toMatchObject({ exitCode: 1, directory, summary: { outcomes: { rejected: 1 } } })
    expect(readFileSync(join(directory, 'errors.csv'), 'utf8')).toContain('cus_1,')
  })

  test('behind its last row leaves a finished run, whose errors file is not made of other bytes', async () => {
    sender.deliver = (request) => {
      if (request.row === 40)
        writeFileSync(join(folder, 'crm.csv'), 'customer,name\nother,bytes\n'.repeat(100))
      return Promise.resolve(outcomeOf({ ...request, outcome: 'rejected', errorCode: 'E_API' }))
    }
    const { summary, stopped, directory, exitCode } = await run({ maxErrors: '100%' })
    expect({ exitCode, code: stopped?.code }).toEqual({ exitCode: 3, code: 'E_INPUT_CHANGED' })
    expect(summary.next).toMatch(
      /is finished\. For its errors file, put .+ back as it was .+ rapyd-bulk report /,
    )
    expect(summary.outcomes.rejected).toBe(40)
    expect(readdirSync(directory)).not.toContain('errors.csv')
  })

  test('does not hide what stopped the run before', async () => {
    sender.deliver = (request) => {
      if (request.row !== 3) return confirm(request)
      change()
      return Promise.reject(wrong)
    }
    const { stopped, exitCode } = await run()
    expect({ exitCode, code: stopped?.code, message: stopped?.message }).toEqual({
      exitCode: 5,
      code: 'E_WRONG_CUSTOMER',
      message: expect.stringMatching(/^wrong; run .+ changed while it was read/),
    })
  })
})
