/** A small Rapyd for tests of the command: checks each signature with code of its own and keeps what customers hold. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Folder } from './command.ts'

export interface Call {
  readonly method: string
  readonly id: string
  readonly body: string
  readonly idempotency: string
  readonly salt: string
}

type Fields = Readonly<Record<string, unknown>>

export interface RapydServer {
  readonly url: string
  readonly keys: { readonly RAPYD_ACCESS_KEY: string; readonly RAPYD_SECRET_KEY: string }
  /** Updates and removals of a discount that were signed well, in the order of their arrival. */
  readonly updates: Call[]
  /** Those of them that were applied, in this order. */
  readonly applied: Call[]
  /** Ids of the customers that were read. */
  readonly reads: string[]
  /** Rules of the API that a request broke; stays empty. */
  readonly broken: string[]
  /**
   * Decides about a signed update: a status with a body instead of success, `cut` after or before it is applied, or `late`: a
   * gateway gives up, and it is applied half a second later.
   */
  answer: (
    call: Call,
  ) =>
    | { readonly status: number; readonly body: string }
    | 'cut_before'
    | 'cut_after'
    | 'late'
    | 'never'
    | undefined
  /** What it takes of an update. Default: all of it. */
  take: (patch: Fields, held: Fields) => Fields
  /** What the answer to an update shows of a customer. Default: all of it. */
  show: (customer: Fields) => Fields
  /** Decides about a signed read, as `answer` does about an update. */
  answerRead: (id: string) => { readonly status: number; readonly body: string } | undefined
  customer(id: string): Fields
  /** Another system changes a customer. */
  put(id: string, fields: Fields): void
  /** Breaks off whatever waits for an answer. */
  drop(): void
  close(): Promise<void>
}

/** What functions of the library need to call the server, with their files in the folder. */
export function optionsOf({ url, keys }: RapydServer, { path }: Pick<Folder, 'path'>) {
  return {
    baseUrl: url,
    accessKey: keys.RAPYD_ACCESS_KEY,
    secretKey: keys.RAPYD_SECRET_KEY,
    rate: 'none',
    settleAfterMs: 200,
    runsDir: join(path, 'runs'),
    store: join(path, 'store.db'),
  }
}

export async function startRapydServer(): Promise<RapydServer> {
  const keys = { RAPYD_ACCESS_KEY: 'test-access', RAPYD_SECRET_KEY: 'test-secret' }
  const customers = new Map<string, Record<string, unknown>>()
  const salts = new Set<string>()
  const busy = new Set<string>()
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const header = (name: string): string => String(request.headers[name] ?? '')
      const method = (request.method ?? '').toLowerCase()
      const path = request.url ?? ''
      const text =
        method +
        path +
        header('salt') +
        header('timestamp') +
        keys.RAPYD_ACCESS_KEY +
        keys.RAPYD_SECRET_KEY +
        body
      const hex = createHmac('sha256', keys.RAPYD_SECRET_KEY).update(text).digest('hex')
      if (
        header('signature') !== Buffer.from(hex).toString('base64') ||
        header('access_key') !== keys.RAPYD_ACCESS_KEY
      ) {
        return reply(
          response,
          401,
          envelope('ERROR', 'UNAUTHENTICATED_API_CALL', undefined, 'See the Account Details page'),
        )
      }
      if (salts.has(header('salt'))) result.broken.push('a salt was used twice')
      if (Math.abs(Number(header('timestamp')) * 1000 - Date.now()) > 60_000)
        result.broken.push('an old timestamp')
      salts.add(header('salt'))
      const id = path.split('/')[3] ?? ''
      if (method === 'get' && id !== '') result.reads.push(id)
      const read = method === 'get' ? result.answerRead(id) : undefined
      if (read !== undefined) return reply(response, read.status, read.body)
      if (method === 'get')
        return reply(response, 200, envelope('SUCCESS', '', id === '' ? [] : { id, ...customers.get(id) }))
      const call = { method, id, body, idempotency: header('idempotency'), salt: header('salt') }
      if (body !== '' && JSON.stringify(JSON.parse(body)) !== body)
        result.broken.push('a body that is not minified')
      if (busy.has(id)) result.broken.push('two calls in flight for one customer')
      busy.add(id)
      setImmediate(() => {
        busy.delete(id)
        result.updates.push(call)
        const answer = result.answer(call)
        if (answer === 'never') return undefined
        if (answer === 'cut_before') return request.socket.destroy()
        if (typeof answer === 'object') return reply(response, answer.status, answer.body)
        if (method === 'delete' && !path.endsWith('/discount')) return reply(response, 404, '')
        const hasDiscount = (result.customer(id)['discount'] ?? null) !== null
        const apply = (): void => {
          if (method === 'delete') {
            customers.set(id, { ...customers.get(id), discount: null })
            result.applied.push(call)
            return
          }
          const patch: Record<string, unknown> = JSON.parse(body)
          customers.set(id, { ...customers.get(id), ...result.take(patch, result.customer(id)) })
          result.applied.push(call)
        }
        if (answer === 'late') {
          setTimeout(apply, 500)
          return reply(response, 504, '<html>Gateway Timeout</html>')
        }
        apply()
        if (answer === 'cut_after') return request.socket.destroy()
        if (method === 'delete' && !hasDiscount)
          return reply(response, 400, envelope('ERROR', 'ERROR_DELETE_CUSTOMER_DISCOUNT'))
        if (method === 'delete')
          return reply(response, 200, envelope('SUCCESS', '', { id: 'dis_1', deleted: true }))
        return reply(response, 200, envelope('SUCCESS', '', { id, ...result.show(result.customer(id)) }))
      })
      return undefined
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const result: RapydServer = {
    url: `http://127.0.0.1:${port}`,
    keys,
    updates: [],
    applied: [],
    reads: [],
    broken: [],
    answer: () => undefined,
    take: (patch) => patch,
    show: (customer) => customer,
    answerRead: () => undefined,
    customer: (id) => customers.get(id) ?? {},
    put: (id, fields) => void customers.set(id, { ...customers.get(id), ...fields }),
    drop: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return result
}

export function envelope(status: 'SUCCESS' | 'ERROR', code: string, data?: unknown, message = ''): string {
  return JSON.stringify({
    status: { error_code: code, status, message, response_code: code, operation_id: 'operation' },
    data,
  })
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
