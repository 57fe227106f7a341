import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expectedSignature } from '../../../src/simulator/authentication.ts'
import type { ChangeEvent } from '../../../src/simulator/answers.ts'
import { createWebhooks, type DeliveryLimits } from '../../../src/simulator/webhooks.ts'
import { envelope, send, startSimulator, update } from './signed-request.ts'

/** Other tests share the machine. */
const soon = { timeout: 30_000 }

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const silent = () => {}
const ok = (response: ServerResponse) => void response.end()
const refuse = (response: ServerResponse) => void response.writeHead(404).end()

/** A receiver of webhooks. `answers` are used up one after another; then it answers 200. */
async function startReceiver(...answers: readonly ((response: ServerResponse) => void)[]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => (body += text))
    request.on('end', () => {
      const answer = answers[received.length] ?? ok
      received.push({ headers: request.headers, body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { received, url: `http://localhost:${port}/hooks/?shop=1` }
}

const keys = { accessKey: 'access', secretKey: 'secret', allowHost: '' }
const event: ChangeEvent = { type: 'CUSTOMER_UPDATED', data: { id: 'cus_1' }, operationId: 'op' }

function startWebhooks(webhookUrl: string, delivery: Partial<DeliveryLimits> = {}) {
  const webhooks = createWebhooks({ ...keys, webhookUrl }, { firstDelayMs: 1, ...delivery })
  onTestFinished(() => webhooks.close())
  return webhooks
}

describe('each applied call', () => {
  it('sends its answer in a signed webhook, and no other call does', async () => {
    const { received, url } = await startReceiver()
    const simulator = await startSimulator({ webhookUrl: url, faults: 'reset-after/post@2' })
    const answered = envelope(await update(simulator, 'cus_1', { name: 'José', coupon: 'SPRING' }))
    await expect(update(simulator, 'cus_1', { name: 'Lost' })).rejects.toThrow()
    await update(simulator, 'cus_1', { email: 'refused' })
    await send(simulator, 'GET', '/v1/customers/cus_1')
    await send(simulator, 'DELETE', '/v1/customers/cus_1/discount')
    await expect.poll(() => simulator.webhooks, soon).toEqual({ delivered: 3, failed: 0, due: 0 })
    const bodies = received.map(({ body }) => JSON.parse(body))
    const first = bodies.find(({ data }) => data.name === 'José')
    expect(first).toEqual({
      id: expect.stringMatching(/^wh_[0-9a-f]{32}$/),
      type: 'CUSTOMER_UPDATED',
      data: answered.data,
      trigger_operation_id: answered.status.operation_id,
      status: 'NEW',
      created_at: expect.any(Number),
      extended_timestamp: expect.any(Number),
    })
    expect(Object.keys(first).join(' ')).toBe(
      'id type data trigger_operation_id status created_at extended_timestamp',
    )
    expect(new Set(bodies.map(({ type, data }) => `${type} ${data.name ?? data.deleted}`))).toEqual(
      new Set(['CUSTOMER_UPDATED José', 'CUSTOMER_UPDATED Lost', 'CUSTOMER_DISCOUNT_DELETED true']),
    )
    for (const { headers, body } of received) {
      expect(headers['content-type']).toBe('application/json')
      const { salt, timestamp } = headers
      const signed = [url, salt, timestamp, simulator.accessKey, simulator.secretKey, body].join('')
      const digits = createHmac('sha256', simulator.secretKey).update(signed).digest('hex')
      expect(headers['signature']).toBe(Buffer.from(digits).toString('base64'))
    }
  })
})

describe('a webhook', () => {
  it('is sent again, as the same one and signed anew, until the receiver takes it', async () => {
    const { received, url } = await startReceiver(
      (response) => void response.writeHead(500).end(),
      (response) => void response.socket?.destroy(),
      (response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
    )
    const webhooks = startWebhooks(url)
    webhooks.send(event)
    await expect.poll(() => webhooks.counts, soon).toEqual({ delivered: 1, failed: 0, due: 0 })
    const bodies = received.map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ status }) => status)).toEqual(['NEW', 'RET', 'RET', 'RET'])
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(1)
    expect(new Set(received.map(({ headers }) => headers['signature'])).size).toBe(4)
  })

  it('is given up if no answer comes in time', async () => {
    const { url } = await startReceiver(silent, silent)
    const webhooks = startWebhooks(url, { attempts: 2, attemptMs: 1 })
    webhooks.send(event)
    await expect.poll(() => webhooks.counts, soon).toEqual({ delivered: 0, failed: 1, due: 0 })
  })

  it('is given up after the last attempt, and the next one is sent', async () => {
    const { received, url } = await startReceiver(refuse, refuse)
    const webhooks = startWebhooks(url, { attempts: 2, inFlight: 1 })
    webhooks.send(event)
    webhooks.send(event)
    await expect.poll(() => webhooks.counts, soon).toEqual({ delivered: 1, failed: 1, due: 0 })
    expect(received).toHaveLength(3)
  })

  it('is dropped and counted if the queue is full', async () => {
    const { url } = await startReceiver(silent)
    const webhooks = startWebhooks(url, { mostQueued: 2, inFlight: 1 })
    for (let nth = 1; nth <= 5; nth++) webhooks.send(event)
    expect(webhooks.counts).toEqual({ delivered: 0, failed: 3, due: 2 })
  })

  it('is not sent after the end', async () => {
    const { received, url } = await startReceiver()
    const webhooks = startWebhooks(url)
    webhooks.close()
    webhooks.send(event)
    expect(webhooks.counts).toEqual({ delivered: 0, failed: 0, due: 0 })
    expect(received).toEqual([])
  })

  it('that is under way ends with the simulator', async () => {
    const { received, url } = await startReceiver(silent)
    const simulator = await startSimulator({ webhookUrl: url })
    await update(simulator, 'cus_1', { name: 'A' })
    await expect.poll(() => received.length, soon).toBe(1)
    await simulator.close()
    await expect.poll(() => simulator.webhooks, soon).toEqual({ delivered: 0, failed: 1, due: 0 })
  })
})

it('is signed as the official sample signs webhooks', () => {
  const body =
    '{"id":"wh_0d2bf25d7d59bf95396e65f6230943e8","type":"CUSTOMER_UPDATED","data":{"id":"cus_d3ed65d5091a8398cc3651bcedec1201",' +
    '"name":"José"},"trigger_operation_id":"507ddf34-48d1-4595-a1eb-fb605d2b4357","status":"NEW","created_at":1700000000}'
  const parts = {
    method: '',
    path: 'https://example.com/rapyd/webhook',
    salt: 'a1b2c3d4e5f6',
    timestamp: '1700000000',
    accessKey: 'AK0123456789ABCDEF01',
    secretKey: 'sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  }
  expect(expectedSignature({ ...parts, body })).toBe(
    'ZjkzMGE3ZDFmNGM3ODhjMzUyN2E0MGY4NzI1MmIyN2M5MDVmOTU1NzM3MzQyMjY0NTdjNmUzYjIzZDkzMWU1ZA==',
  )
})

describe('the address', () => {
  it.each([
    ['http://127.0.0.1:8080/hooks', ''],
    ['https://localhost/hooks', ''],
    ['http://[::1]:1/', ''],
    ['https://hooks.example.com/a', 'hooks.example.com'],
    ['https://hooks.example.com:8443/a', 'hooks.example.com:8443'],
  ])('%s is allowed with --allow-host "%s"', (webhookUrl, allowHost) => {
    expect(() => createWebhooks({ ...keys, webhookUrl, allowHost })).not.toThrow()
  })

  it.each([
    ['https://hooks.example.com/a', '', '--allow-host hooks.example.com'],
    ['https://hooks.example.com/a', 'example.com', '--allow-host hooks.example.com'],
    ['http://hooks.example.com/a', 'hooks.example.com', 'https'],
    ['http://127.0.0.1.example.com/', '', 'https'],
    ['ftp://127.0.0.1/', '', 'this machine'],
    ['http://user:secret@127.0.0.1/', '', 'this machine'],
    ['hooks', '', 'this machine'],
  ])('%s is refused with --allow-host "%s"', (webhookUrl, allowHost, remedy) => {
    const refused = expect.objectContaining({
      code: 'E_WEBHOOK_URL',
      kind: 'USAGE',
      remedy: expect.stringContaining(remedy),
    })
    expect(() => createWebhooks({ ...keys, webhookUrl, allowHost })).toThrow(refused)
  })
})
