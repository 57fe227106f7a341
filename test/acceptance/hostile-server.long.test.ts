/** A server that answers with megabytes, escapes and personal data, met by every command that calls it. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
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
  type RunEvent,
} from '../../src/index.ts'
import { freshFolder } from './support/command.ts'
import {
  canaries,
  id,
  lasting,
  passing,
  refused,
  success,
  type Hostility,
} from './support/hostile-answers.ts'

const rows = 6

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
