/** A server that answers with megabytes, escapes and personal data, met by every command that calls it. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  BulkUpdateError,
  bulkUpdate,
  plan,
  previewRollback,
  probe,
  redo,
  rollback,
  verify,
} from '../../src/index.ts'
import type { RunEvent } from '../../src/index.ts'
import { freshFolder } from './support/command.ts'

const id = (row: number) => `cus_${String(row).padStart(32, '0')}`
const rows = 6
/** What must be in no output but where the words of Rapyd belong. */
const canaries = ['zz.canary@example.com', '4111111111111111', 'Zzjane Doe']
/** Escape sequences, and marks that change the direction of text. */
const escapes = '\u001b[31m\u009b2J\u202e\u2066\u0000'
const personal = `${canaries.join(' ')} ${escapes}`

interface Asked {
  readonly method: string
  readonly id: string
  readonly number: number
}
interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}
/** Undefined: as Rapyd would. */
type Hostility = (asked: Asked) => Answer | undefined

const success = (data: string): string =>
  `{"status":{"error_code":"","status":"SUCCESS","message":"","response_code":"","operation_id":"op"},"data":${data}}`
const failure = (code: unknown, message: unknown, operation: unknown = 'op'): string =>
  JSON.stringify({
    status: { error_code: code, status: 'ERROR', message, response_code: code, operation_id: operation },
  })
/** A customer, or a page of customers, whose further members are `members`. */
const customer =
  (members: string) =>
  (asked: Asked): Answer => ({
    body: success(
      asked.id === ''
        ? `[${[1, 2, 3].map((row) => `{"id":"${id(row)}",${members}}`).join(',')}]`
        : `{"id":"${asked.id}",${members}}`,
    ),
  })
const text = (value: string) => JSON.stringify(value)
const refused =
  (code: unknown, message: unknown, operation?: unknown): Hostility =>
  () => ({ status: 400, body: failure(code, message, operation) })

const toUpdates =
  (kind: Hostility): Hostility =>
  (asked) =>
    asked.method === 'GET' ? undefined : kind(asked)

/** What each answer is. */
const lasting: Readonly<Record<string, Hostility>> = {
  '20,000 keys with personal data': customer(
    `"name":"A","metadata":{${Array.from({ length: 20_000 }, (_, key) => `${text(`${personal}${key}`)}:1`).join(',')}}`,
  ),
  'numbers under keys of half a megabyte': customer(
    `"name":"A","metadata":{${text(personal + 'x'.repeat(400_000))}:1.50,"b":"c"}`,
  ),
  'names that objects have of themselves': customer(
    `"name":"A","__proto__":{"id":"x"},"discount":{"coupon":{"id":"x","__proto__":{}}},"metadata":{"__proto__":{"a":"b"},"constructor":"x","toString":"y","hasOwnProperty":"z","tier":"t"}`,
  ),
  'a coupon and a name of half a megabyte': customer(
    `"name":${text(personal + 'x'.repeat(200_000))},"metadata":{"tier":"a","b":"c"},"discount":{"coupon":{"id":${text(personal + 'y'.repeat(200_000))}}}`,
  ),
  'codes that are personal data': toUpdates(({ number }) => ({
    status: 400,
    body: failure(canaries[number % 3], 'm'),
  })),
  'a code of its own in each answer': toUpdates(({ number }) => ({
    status: 400,
    body: failure(`ERROR_${number}_${'X'.repeat(2_000)} - [${canaries[1]}, ZZJANE]`, personal),
  })),
  'messages of megabytes': toUpdates(
    refused('ERROR_UPDATE_CUSTOMER', personal.repeat(9_000), personal.repeat(2_000)),
  ),
  'envelopes of other types': toUpdates(refused([{ a: personal }], { b: personal }, 7)),
  'an unauthenticated message': () => ({
    status: 401,
    body: failure('UNAUTHENTICATED_API_CALL', `signature ${personal}`),
  }),
  'a redirect': () => ({
    status: 302,
    headers: { location: `https://${canaries[1]}.example/` },
    body: personal,
  }),
  'headers of 15 kB': () => ({
    status: 400,
    headers: { date: 'x'.repeat(14_000), 'retry-after': '9'.repeat(900) },
    body: failure('E_X', 'm'),
  }),
  'a limit for ever': () => ({ status: 429, headers: { 'retry-after': '9'.repeat(900) }, body: personal }),
}

const bomb = gzipSync(Buffer.alloc(20_000_000, 0x5b))

/** What only the first answer about each customer is: such answers are asked for again. */
const passing: Readonly<Record<string, Hostility>> = {
  'metadata of 100,000 levels': customer(
    `"name":"A","metadata":{"tier":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ),
  'addresses of 50,000 levels': customer(
    `"name":"A","metadata":{"tier":"a"},"addresses":${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`,
  ),
  'a page of an error': () => ({ status: 500, body: `<html>${personal}</html>` }),
  'ten megabytes': () => ({ body: success(`{"x":"${'x'.repeat(10_000_000)}"}`) }),
  'a bomb of gzip': () => ({
    headers: { 'content-encoding': 'gzip' },
    body: bomb,
  }),
  'brackets without an end': () => ({ body: '['.repeat(1_000_000) }),
}

async function startServer() {
  const held = new Map<string, unknown>()
  let hostile: Hostility | undefined
  let number = 0
  /** Customers of whom an answer was hostile. */
  let met: Set<string> | undefined
  const server = createServer((request, response) => void answer(request, response))
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks).toString()
    const [, asked = ''] = /^\/v1\/customers\/?([^/?]*)/.exec(request.url ?? '') ?? []
    // Until a run has begun, it is Rapyd.
    const isFirst = asked === '' && (request.url ?? '').endsWith('limit=1')
    const isHostile = hostile !== undefined && !isFirst && met?.has(asked) !== true
    const made = isHostile
      ? hostile?.({ method: request.method ?? '', id: asked, number: ++number })
      : undefined
    if (made !== undefined) {
      met?.add(asked)
      response
        .writeHead(made.status ?? 200, { 'content-type': 'application/json', ...made.headers })
        .end(made.body)
      return
    }
    if (request.method === 'POST')
      held.set(asked, { ...Object(held.get(asked)), ...Object(JSON.parse(body)) })
    response.end(
      success(
        JSON.stringify(
          asked === ''
            ? []
            : {
                name: '',
                metadata: { a: 'b', c: 'd' },
                discount: null,
                ...Object(held.get(asked)),
                id: asked,
              },
        ),
      ),
    )
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    become(kind: Hostility, isPassing: boolean): void {
      hostile = kind
      met = isPassing ? new Set() : undefined
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Where words of Rapyd and what customers hold belong. */
const allowed =
  /^(?:store\.db(?:-\w+)?|readings\.db(?:-\w+)?|plan\.ndjson|rollback\.ndjson|errors\.(?:csv|ndjson))$/

type Ended = readonly [name: string, said: string]

/** What each job says of itself: its result, or the error that stopped it. */
async function meet(
  kind: Hostility,
  isPassing: boolean,
): Promise<{ readonly said: readonly Ended[]; readonly files: readonly Ended[] }> {
  const folder = freshFolder()
  const server = await startServer()
  const said: Ended[] = []
  const events: string[] = []
  async function job(name: string, action: () => Promise<unknown>): Promise<void> {
    server.become(kind, isPassing)
    try {
      said.push([name, JSON.stringify(await action())])
    } catch (error) {
      if (!(error instanceof BulkUpdateError)) throw error
      said.push([name, `${error.code} ${error.message} ${error.remedy}`])
    }
    said.push([name, events.splice(0).join('\n')])
  }
  try {
    const lines = Array.from({ length: rows }, (_, row) => `${id(row + 1)},N${row},gold,`)
    folder.write('crm.csv', `customer,name,metadata.tier,coupon\n${lines.join('\n')}\n`)
    const own = {
      baseUrl: server.url,
      accessKey: 'access-key',
      secretKey: 'secret-key',
      rate: 'none',
      maxOutageMs: 1,
      runsDir: join(folder.path, 'runs'),
      store: join(folder.path, 'store.db'),
    }
    const sender = {
      ...own,
      settleAfterMs: 100,
      maxErrors: '100%',
      logLevel: 'trace',
      onEvent: (event: RunEvent) => void events.push(JSON.stringify(event)),
    } as const
    const input = { input: join(folder.path, 'crm.csv'), maxClears: '100%', backup: true } as const
    const first = await bulkUpdate({ ...sender, ...input, runId: 'first' })
    expect(first.exitCode).toBe(0)
    await job('verify', async () => {
      const { differences, ...found } = await verify({ ...own, run: 'first' })
      return { ...found, differences: differences.map(({ fields }) => fields) }
    })
    await job('plan', () =>
      plan({ ...own, input: input.input, maxClears: '100%', out: join(folder.path, 'plan.ndjson') }),
    )
    await job('preview', () => previewRollback({ ...own, run: 'first' }))
    await job('rollback', () => rollback({ ...sender, run: 'first' }))
    await job('update', () => bulkUpdate({ ...sender, ...input, runId: 'second', allowRepeat: true }))
    await job('redo', () => redo({ ...sender, run: 'second', allowRepeat: true }))
    await job('probe', () => probe({ ...own, settleAfterMs: 100, customer: id(1) }, {}))
    const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' })
      .filter((name) => lstatSync(join(folder.path, name)).isFile() && !allowed.test(basename(name)))
      .map((name) => [name, readFileSync(join(folder.path, name), 'utf8')] as const)
    return { said, files }
  } finally {
    await server.close()
    folder.remove()
  }
}

describe('a server that answers with', () => {
  it('texts that are none counts them in the summary, and names no code', async () => {
    const { files } = await meet(lasting['codes that are personal data'] ?? refused('', ''), false)
    const [, summary = ''] = files.find(([name]) => name.endsWith('second/summary.json')) ?? []
    expect(JSON.parse(summary)).toMatchObject({
      unfit_texts: expect.any(Number),
      errors: [{ code: 'E_API', field: '', message: 'Rapyd answered HTTP 400' }],
    })
  })

  it.each([
    ...Object.entries(lasting).map(([title, kind]) => [title, kind, false] as const),
    ...Object.entries(passing).map(([title, kind]) => [title, kind, true] as const),
  ])('%s', async (_title, kind, isPassing) => {
    const { said, files } = await meet(kind, isPassing)
    for (const [name, content] of [...said, ...files]) {
      for (const canary of canaries) expect(content.includes(canary), `${canary} in ${name}`).toBe(false)
      expect([name, content.length > 100_000]).toEqual([name, false])
      for (const escape of ['\u0000', '\u001b', '\u009b', '\u202e', '\u2066'])
        expect(content.includes(escape), `${JSON.stringify(escape)} in ${name}`).toBe(false)
    }
  })
})
