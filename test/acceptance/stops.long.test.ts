/** What a run still sends once it has been told to stop, what it says of its rows, and how it goes on. */
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder, type Started } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const rows = 120
const concurrency = 4
/** Far from being used up, but a timer that is left behind would hold the process for an hour. */
const rate = ['--rate', '1000/1h', '--concurrency', String(concurrency)]

let folder: Folder
let server: RapydServer
beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
  folder.write(
    'crm.csv',
    `customer,name\n${Array.from({ length: rows }, (_, n) => `${id(n)},N${n}`).join('\n')}\n`,
  )
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  await server.close()
  folder.remove()
})

const start = (args: readonly string[] = rate): Started =>
  folder.start(['update', 'crm.csv', '--base-url', server.url, ...args], server.keys)
const outcomes = (): string[] => {
  const account: Record<string, string>[] = parse(folder.report('results.csv'), { columns: true })
  return account.map((row) => `${row['outcome']} ${row['error_code']}`.trim())
}
const count = (kind: string): number => outcomes().filter((outcome) => outcome === kind).length

describe('an answer about another customer', () => {
  it('ends the run: what is in flight ends, nothing else is sent, and every row is called what it is', async () => {
    server.answer = (call) =>
      call.id === id(9) ? { status: 200, body: envelope('SUCCESS', '', { id: id(999) }) } : undefined
    const { code, stderr } = await start().finished
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('E_WRONG_CUSTOMER') })
    expect(server.updates.length).toBeLessThanOrEqual(10 + 2 * concurrency)
    expect(count('updated')).toBe(server.updates.length - 1)
    expect(count('unknown E_WRONG_CUSTOMER')).toBe(1)
    expect(count('not_attempted E_WRONG_CUSTOMER')).toBe(rows - server.updates.length)
  })
})

describe('refused credentials', () => {
  it('leave no row in doubt, and the same command goes on without reading anything back', async () => {
    let refused = true
    const message = 'access_key header is not valid'
    const answer = () =>
      refused && server.updates.length > 20
        ? { status: 401, body: envelope('ERROR', 'UNAUTHENTICATED_API_CALL', undefined, message) }
        : undefined
    server.answer = answer
    server.answerRead = answer
    expect((await start().finished).code).toBe(4)
    expect(server.updates.length).toBeLessThanOrEqual(20 + 3 * concurrency)
    expect(count('updated')).toBe(20)
    expect(count('not_attempted E_AUTH')).toBe(rows - 20)
    refused = false
    server.updates.length = 0
    expect((await start().finished).code).toBe(0)
    expect(server.updates).toHaveLength(rows - 20)
    expect(server.reads).toEqual([])
  })

  it('for updates alone end the run with the third row in a row', async () => {
    const message = 'access_key header is not valid'
    server.answer = () =>
      server.updates.length > 20
        ? { status: 401, body: envelope('ERROR', 'UNAUTHENTICATED_API_CALL', undefined, message) }
        : undefined
    expect((await start().finished).code).toBe(4)
    expect(server.updates.length).toBeLessThanOrEqual(20 + 3 * concurrency)
    expect(count('rejected E_AUTH')).toBeLessThanOrEqual(2)
  })
})

describe('ten customers of another account', () => {
  it('end the run before an eleventh is sent', async () => {
    server.answer = () => ({ status: 401, body: envelope('ERROR', 'UNAUTHORIZED_API_CALL') })
    const { code, stderr } = await start().finished
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('[E_AUTH]'),
    })
    expect(server.updates).toHaveLength(10)
    expect(count('rejected E_CUSTOMER_NOT_HERE')).toBe(9)
    expect(count('not_attempted E_AUTH')).toBe(rows - 9)
  })
})

describe('--max-errors', () => {
  it('ends the run with the row that is one too many', async () => {
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'INVALID_CUSTOMER_EMAIL') })
    expect((await start([...rate, '--max-errors', '20']).finished).code).toBe(5)
    expect(server.updates.length).toBeLessThanOrEqual(21 + 2 * concurrency)
    expect(count('rejected E_API')).toBe(server.updates.length)
  })
})

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s lets end what is in flight, and the same command goes on behind it',
    async (signal, exit) => {
      let started: Started | undefined
      server.answer = () => {
        if (server.updates.length === 10) started?.kill(signal)
        return undefined
      }
      started = start()
      const { code, stderr } = await started.finished
      expect({ code, stderr }).toMatchObject({ code: exit, stderr: expect.stringContaining('same command') })
      const sent = server.updates.length
      expect(sent).toBeLessThan(rows)
      expect(count('updated')).toBe(sent)
      expect(count('not_attempted E_STOPPED')).toBe(rows - sent)
      server.answer = () => undefined
      expect((await start().finished).code).toBe(0)
      expect(server.updates.map((call) => call.id).sort()).toEqual(
        Array.from({ length: rows }, (_, n) => id(n)),
      )
      expect(server.reads).toEqual([])
    },
  )

  it('leaves no row in doubt that was not sent, also where intents come before places', async () => {
    let started: Started | undefined
    server.answer = () => {
      if (server.updates.length === 10) started?.kill('SIGINT')
      return undefined
    }
    const unlimited = ['--rate', 'none', '--concurrency', String(concurrency)]
    started = start(unlimited)
    expect((await started.finished).code).toBe(130)
    const sent = server.updates.length
    expect(sent).toBeLessThan(rows)
    expect(count('not_attempted E_STOPPED')).toBe(rows - sent)
    expect((await start(unlimited).finished).code).toBe(0)
    expect(server.updates).toHaveLength(rows)
    expect(server.reads).toEqual([])
  })

  it('that comes twice ends at once, and says how to go on; the rows in flight are read back then', async () => {
    let started: Started | undefined
    server.answer = (call) => {
      if (call.id !== id(0)) return undefined
      started?.kill('SIGINT')
      return 'never'
    }
    started = start(['--rate', '1000/1h', '--concurrency', '1'])
    const first = started
    const seen = new Promise<void>((resolve) => {
      first.onStderr((text) => {
        if (text.includes('Stopping')) resolve()
      })
    })
    await seen
    first.kill('SIGINT')
    const { code, stderr } = await first.finished
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('same command') })
    server.answer = () => undefined
    expect((await start().finished).code).toBe(0)
    expect(server.reads).toEqual([id(0)])
    expect(server.updates).toHaveLength(rows + 1)
  })
})

describe('an outage', () => {
  it('that lasts longer than --max-outage ends the run, which costs few requests and can go on', async () => {
    const isDown = (): boolean => server.updates.length > 30
    server.answer = () => (isDown() ? 'cut_before' : undefined)
    server.answerRead = () => (isDown() ? { status: 503, body: '' } : undefined)
    const { code, stderr } = await start([...rate, '--max-outage', '2s']).finished
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('E_REMOTE_DOWN') })
    // Ten failures in a row, and what was in flight beside them.
    expect(server.updates.length).toBeLessThanOrEqual(30 + 10 + 2 * concurrency)
    expect(count('updated')).toBe(30)
    expect(outcomes().filter((outcome) => /^(?:failed|rejected)/.test(outcome))).toEqual([])
    server.answer = () => undefined
    server.answerRead = () => undefined
    expect((await start().finished).code).toBe(0)
    expect(count('updated')).toBe(rows)
  })
})

describe('429', () => {
  it('for longer than --max-outage ends the run, and no row loses an attempt to it', async () => {
    server.answer = () =>
      server.updates.length > 30 ? { status: 429, body: '<html>slow down</html>' } : undefined
    const { code, stderr } = await start(['--rate', '1000/1s', '--max-outage', '2s']).finished
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('E_QUOTA') })
    expect(count('updated')).toBe(30)
    expect(count('not_attempted E_QUOTA')).toBe(rows - 30)
    server.answer = () => undefined
    expect((await start().finished).code).toBe(0)
    expect(server.reads).toEqual([])
  })

  it('holds everybody back, then lets one go ahead', async () => {
    let refused = 0
    server.answer = () => (refused++ < 1 ? { status: 429, body: '<html>slow down</html>' } : undefined)
    const finished = await start(['--rate', '1000/1s', '--concurrency', String(concurrency)]).finished
    expect(finished.code).toBe(0)
    expect(server.updates).toHaveLength(rows + 1)
    expect(JSON.parse(folder.report('summary.json'))).toMatchObject({ rate_limited: 1, attempts: rows })
  })
})
