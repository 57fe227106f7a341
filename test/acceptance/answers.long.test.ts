/**
 * What each answer of a hostile server makes of a whole run: its exit code, the outcome of the row that met it, and
 * how many updates of that row went on the wire. The server is bare TCP: every byte is the table's.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, createSimulator, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'
import { answer, startRawServer } from './support/raw-server.ts'

/** Bytes to send; with `end` or `reset` behind them the connection ends so. */
type Step = { readonly send: string; readonly behind?: 'end' | 'reset'; readonly applies?: boolean }

const id = (row: number) => `cus_${String(row).padStart(32, '0')}`
const rows = 5
/** The row that meets the fault; two are updated before it, so that the keys have proved themselves. */
const struck = 3

const says = (status: string, code: string, message = ''): Step => ({
  send: answer(envelope('ERROR', code, undefined, message), `HTTP/1.1 ${status}`),
})
const raw = (send: string, behind?: 'end' | 'reset', applies = false): Step => ({
  send,
  ...(behind === undefined ? {} : { behind }),
  applies,
})
const success = envelope('SUCCESS', '', { id: id(struck) })
const whole = answer(success)
const page = (status: string): Step => raw(answer('<html>busy</html>', `HTTP/1.1 ${status}`))
const again = (step: Step, times: number): Step[] => Array.from({ length: times }, () => step)

/** title, what the row meets before it succeeds, exit code, outcome and code of the row, updates of the row */
const cases: readonly (readonly [string, readonly Step[], number, string, number])[] = [
  ['a reset before the answer', [raw('', 'reset')], 0, 'updated ', 2],
  ['a close before the answer', [raw('', 'end')], 0, 'updated ', 2],
  ['a reset before the answer, applied', [raw('', 'reset', true)], 0, 'updated ', 1],
  ['a reset in the body', [raw(whole.slice(0, -20), 'reset', true)], 0, 'updated ', 1],
  ['a body that is too short', [raw(whole.slice(0, -20), 'end')], 0, 'updated ', 2],
  [
    'JSON that is cut by the close',
    [raw(`HTTP/1.1 200 OK\r\n\r\n${success.slice(0, 40)}`, 'end')],
    0,
    'updated ',
    2,
  ],
  ['a page with 200', [page('200 OK')], 0, 'updated ', 2],
  ['JSON without a status', [raw(answer('{"ok":true}'))], 0, 'updated ', 2],
  ['an empty 204', [raw('HTTP/1.1 204 No Content\r\n\r\n')], 0, 'updated ', 2],
  ['an empty 200', [raw(answer(''))], 0, 'updated ', 2],
  ['200 with an error inside', [says('200 OK', 'INVALID_CUSTOMER_EMAIL')], 1, 'rejected E_API', 1],
  [
    'another customer',
    [raw(answer(envelope('SUCCESS', '', { id: id(99) })))],
    5,
    'unknown E_WRONG_CUSTOMER',
    1,
  ],
  [
    'a redirect',
    [raw(answer('', 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/'))],
    5,
    'not_attempted E_REDIRECT',
    1,
  ],
  [
    'an unknown customer',
    [says('400 Bad Request', 'INVALID_CUSTOMER_ID')],
    1,
    'rejected E_CUSTOMER_NOT_FOUND',
    1,
  ],
  ['another refusal', [says('400 Bad Request', 'ERROR_UPDATE_CUSTOMER')], 1, 'rejected E_API', 1],
  ['missing headers', [says('400 Bad Request', 'MISSING_AUTHENTICATION_HEADERS')], 1, 'rejected E_AUTH', 1],
  [
    'a refused signature, twice',
    again(says('401 Unauthorized', 'UNAUTHENTICATED_API_CALL', 'the signature did not match'), 2),
    1,
    'rejected E_SIGNATURE_ROW',
    2,
  ],
  [
    'a customer of another account',
    [says('401 Unauthorized', 'UNAUTHORIZED_API_CALL')],
    1,
    'rejected E_CUSTOMER_NOT_HERE',
    1,
  ],
  [
    'a salt that was used',
    [says('401 Unauthorized', 'UNAUTHENTICATED_API_CALL', 'salt header value is not valid, same value used')],
    0,
    'updated ',
    2,
  ],
  ['403 with JSON', [says('403 Forbidden', 'NOT_ALLOWED')], 1, 'rejected E_FORBIDDEN', 1],
  ['403 with a page', [page('403 Forbidden')], 0, 'updated ', 2],
  ['429 with a page', [page('429 Too Many Requests')], 0, 'updated ', 2],
  ['503 with a page', [page('503 Unavailable')], 0, 'updated ', 2],
  ['404', [says('404 Not Found', 'NOT_FOUND')], 1, 'rejected E_API', 1],
  ['405', [says('405 Method Not Allowed', '')], 1, 'rejected E_API', 1],
  ['408', [says('408 Request Timeout', '')], 0, 'updated ', 2],
  ['409', [says('409 Conflict', '')], 0, 'updated ', 2],
  ['413', [says('413 Too Large', '')], 1, 'rejected E_TOO_LARGE', 1],
  ['425', [says('425 Too Early', '')], 0, 'updated ', 2],
  ['500', [raw(answer('', 'HTTP/1.1 500 Oops'))], 0, 'updated ', 2],
  ['500, applied', [raw(answer('', 'HTTP/1.1 500 Oops'), undefined, true)], 0, 'updated ', 1],
  ['500 that is repeated', again(says('500 Oops', 'INTERNAL'), 2), 1, 'unknown E_SERVER_REPLAYED', 2],
  ['501', [says('501 Not Implemented', '')], 1, 'rejected E_API', 1],
  ['502 with a page', [page('502 Bad Gateway')], 0, 'updated ', 2],
  ['early hints', [raw(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${whole}`)], 0, 'updated ', 1],
  ['bytes that are not HTTP', [raw('SSH-2.0-x\r\n', 'end')], 0, 'updated ', 2],
  [
    'two lengths',
    [raw(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd`)],
    0,
    'updated ',
    2,
  ],
  [
    'a header of 40 kB',
    [raw(answer(success, `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`))],
    0,
    'updated ',
    2,
  ],
  ['a NUL in a header', [raw(answer(success, 'HTTP/1.1 200 OK\r\nx: a\0b'))], 0, 'updated ', 2],
  ['a body of 2 MiB', [raw(answer(`"${'y'.repeat(2 * 1024 * 1024)}"`))], 0, 'updated ', 2],
  ['bytes behind the answer', [raw(`${whole}HTTP/1.1 200 OK\r\n\r\n`)], 0, 'updated ', 1],
]

async function play(steps: readonly Step[]) {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-matrix-'))
  const held = new Map<string, unknown>()
  const left = [...steps]
  let updates = 0
  function reply(socket: Socket, text: string): void {
    const [, method = '', customer = ''] = /^(GET|POST) \/v1\/customers\/?([^ ?]*)/.exec(text) ?? []
    const patch: unknown = method === 'POST' ? JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) : {}
    const ok = (): boolean => {
      if (method === 'POST') held.set(customer, patch)
      return socket.write(
        answer(envelope('SUCCESS', '', { name: '', ...Object(held.get(customer)), id: customer })),
      )
    }
    if (method !== 'POST' || customer !== id(struck)) return void ok()
    updates++
    const step = left.shift()
    if (step === undefined) return void ok()
    if (step.applies === true) held.set(customer, patch)
    const end = (): void => {
      if (step.behind === 'reset') socket.resetAndDestroy()
      if (step.behind === 'end') socket.end()
    }
    if (step.send === '') end()
    else socket.write(step.send, end)
  }
  const server = await startRawServer({ onRequest: reply })
  try {
    const input = join(folder, 'crm.csv')
    const lines = Array.from({ length: rows }, (_, row) => `${id(row + 1)},N${row + 1}`)
    writeFileSync(input, `customer,name\n${lines.join('\n')}\n`)
    const options = {
      input,
      baseUrl: server.origin,
      settleAfterMs: 200,
      accessKey: 'access',
      secretKey: 'secret',
      rate: 'none',
      concurrency: 1,
      runsDir: join(folder, 'runs'),
    }
    const { exitCode } = await bulkUpdate(options)
    const [run = ''] = readdirSync(join(folder, 'runs'))
    const results: Record<string, string>[] = parse(readFileSync(join(folder, 'runs', run, 'results.csv')), {
      columns: true,
    })
    const row = results[struck - 1]
    return {
      exitCode,
      row: `${row?.['outcome']} ${row?.['error_code']}`,
      updates,
      others: results.map((of) => of['outcome']),
    }
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

describe('a row that meets', () => {
  it.concurrent.each(cases)('%s', async (_title, steps, exitCode, row, updates) => {
    const found = await play(steps)
    expect(found).toMatchObject({ exitCode, row, updates })
    // Whoever stops the run leaves the rest alone; anything else touches no other row.
    const rest = exitCode < 2 ? 'updated' : 'not_attempted'
    expect(found.others).toEqual(['updated', 'updated', expect.any(String), rest, rest])
  })
})

/** Rows of one run at a server of their own, one at a time; the third is struck, and the fourth is of the same customer. */
async function strike(
  patch: object,
  answerOf: (attempt: number, server: RapydServer) => ReturnType<RapydServer['answer']>,
  options: Partial<UpdateOptions> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-strike-'))
  const server = await startRapydServer()
  let attempts = 0
  server.answer = (call) => (call.id === id(struck) ? answerOf(++attempts, server) : undefined)
  try {
    const customers = [id(1), id(2), id(struck), id(struck)]
    const lines = customers.map((customer) => `${JSON.stringify({ customer, ...patch })}\n`)
    writeFileSync(join(folder, 'crm.ndjson'), lines.join(''))
    const { exitCode, directory } = await bulkUpdate({
      input: join(folder, 'crm.ndjson'),
      baseUrl: server.url,
      settleAfterMs: 200,
      accessKey: server.keys.RAPYD_ACCESS_KEY,
      secretKey: server.keys.RAPYD_SECRET_KEY,
      rate: 'none',
      concurrency: 1,
      runsDir: join(folder, 'runs'),
      stateDir: join(folder, '.state'),
      ...options,
    })
    const results: Record<string, string>[] = parse(readFileSync(join(directory, 'results.csv')), {
      columns: true,
    })
    return { exitCode, rows: results.slice(2).map((row) => `${row['outcome']} ${row['error_code']}`.trim()) }
  } finally {
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

const always =
  (answered: ReturnType<RapydServer['answer']>, times = Number.POSITIVE_INFINITY) =>
  (attempt: number) =>
    attempt <= times ? answered : undefined

interface Unlucky {
  readonly ending: string
  readonly patch?: object
  readonly answerOf: Parameters<typeof strike>[1]
  readonly options?: Partial<UpdateOptions>
}

describe('a row that nothing helps', () => {
  const refused = { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') } as const
  const unlucky: readonly Unlucky[] = [
    { ending: 'unknown E_SERVER', answerOf: always({ status: 500, body: '' }, 6) },
    { ending: 'unknown E_BAD_RESPONSE', answerOf: always({ status: 200, body: '{"ok":true}' }, 6) },
    { ending: 'unknown E_NOT_API', answerOf: always({ status: 200, body: '<html>login</html>' }, 6) },
    {
      ending: 'unknown E_IN_DOUBT',
      answerOf: (attempt) => (attempt === 1 ? 'cut_before' : refused),
      options: { maxErrors: '100%' },
    },
    {
      ending: 'unknown E_NOT_IDEMPOTENT',
      patch: { coupon: 'SPRING' },
      answerOf(_, server) {
        server.answerRead = () => ({ status: 404, body: envelope('ERROR', 'NOT_FOUND') })
        return 'cut_before'
      },
    },
    { ending: 'unknown E_NETWORK', answerOf: always('cut_before') },
    {
      ending: 'rejected E_BLOCKED',
      answerOf: always({ status: 403, body: '<html>no</html>' }),
      options: { rate: '1000/1s' },
    },
  ]
  it.concurrent.each(unlucky)(
    'ends as $ending',
    async ({ ending, patch = { name: 'A' }, answerOf, options }) => {
      const { exitCode, rows: ends } = await strike(patch, answerOf, options)
      expect([exitCode, ends[0]]).toEqual([1, ending])
      // What may still be applied keeps the next row of its customer back.
      if (ending.startsWith('unknown')) expect(ends[1]).toBe('not_attempted E_EARLIER_ROW')
    },
  )
})

describe('a server that is not Rapyd, or no longer takes this machine', () => {
  it.concurrent.each([
    ['E_CLOCK', 4, 'clock(+2h)'],
    ['E_NOT_API', 5, 'html-200'],
    ['E_REDIRECT', 5, 'redirect'],
    ['E_AUTH', 4, 'key-401'],
  ])('%s ends the run with exit code %i before anything is sent', async (code, exitCode, faults) => {
    const simulator = await createSimulator({ windows: [], faults })
    const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-strike-'))
    try {
      const { accessKey, secretKey, url: baseUrl } = simulator
      const keys = { accessKey, secretKey, baseUrl, rate: 'none' }
      const ended = await bulkUpdate({ ...keys, input: [{ customer: id(1), name: 'A' }], runsDir: folder })
      expect([ended.exitCode, ended.stopped?.code]).toEqual([exitCode, code])
      expect(simulator.appliedCount).toBe(0)
    } finally {
      await simulator.close()
      rmSync(folder, { recursive: true })
    }
  })

  it('E_TLS, where nothing speaks TLS', async () => {
    const server = await startRawServer({ onConnection: (socket) => void socket.end('no TLS here\r\n') })
    const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-strike-'))
    try {
      const host = new URL(server.origin).host
      const keys = { accessKey: 'access', secretKey: 'secret', baseUrl: `https://${host}`, allowHost: host }
      const ended = await bulkUpdate({ ...keys, input: [{ customer: id(1), name: 'A' }], runsDir: folder })
      expect([ended.exitCode, ended.stopped?.code]).toEqual([5, 'E_TLS'])
    } finally {
      await server.close()
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a server that applies an update after it has answered with an error', () => {
  let server: RapydServer
  let folder: Folder
  beforeEach(async () => {
    server = await startRapydServer()
    folder = freshFolder()
  })
  afterEach(async () => {
    folder.remove()
    await server.close()
  })

  it('gets no update twice, and none in another order, within --settle-after', async () => {
    const customers = [1, 2, 3]
    folder.write(
      'crm.csv',
      `customer,addresses[0].line_1\n${customers.map((row) => `${id(row)},First\n${id(row)},Second\n`).join('')}`,
    )
    const seen = new Set<string>()
    server.answer = (call) => {
      const isFirst = !seen.has(call.id)
      seen.add(call.id)
      return isFirst ? 'late' : undefined
    }
    const args = ['update', 'crm.csv', '--base-url', server.url, '--rate', 'none', '--settle-after', '3s']
    expect(await folder.run(args, server.keys)).toMatchObject({ code: 0 })
    for (const row of customers) {
      const lines = server.applied
        .filter((call) => call.id === id(row))
        .map(({ body }) => /First|Second/.exec(body)?.[0])
      expect(lines).toEqual(['First', 'Second'])
    }
    expect(server.broken).toEqual([])
  })
})
