/**
 * The webhooks that applied calls trigger, each at least once: signed as Rapyd signs them, and repeated until the receiver answers
 * 2xx. How often Rapyd repeats one is not documented. They are in memory only, so those still due end with the simulator.
 */
import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import pRetry from 'p-retry'
import { isLoopback } from '../config/environment.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { shellWord } from '../model/text.ts'
import { newId, type ChangeEvent } from './answers.ts'
import { expectedSignature } from './authentication.ts'
import type { SimulatorOptions } from './options.ts'

export type WebhookCounts = Readonly<ReturnType<typeof createWebhooks>['counts']>

const usual = {
  mostQueued: 10_000,
  inFlight: 8,
  attempts: 6,
  attemptMs: 10_000,
  /** Doubled with each attempt. */
  firstDelayMs: 1_000,
}
export type DeliveryLimits = typeof usual

type WebhookOptions = Pick<Required<SimulatorOptions>, 'webhookUrl' | 'allowHost' | 'accessKey' | 'secretKey'>

/** Throws USAGE for an address that is not allowed. */
export function createWebhooks(options: WebhookOptions, given: Partial<DeliveryLimits> = {}) {
  const { webhookUrl: url, accessKey, secretKey } = options
  if (url !== '') checkUrl(url, options.allowHost)
  const { mostQueued, inFlight, attempts, attemptMs, firstDelayMs } = { ...usual, ...given }
  const closing = new AbortController()
  const limit = pLimit(inFlight)
  const counts = {
    delivered: 0,
    /** Given up, or more than the queue holds. */
    failed: 0,
    /** Still in the queue or under way. */
    due: 0,
  }

  async function attempt(envelope: object, nth: number): Promise<void> {
    const body = JSON.stringify({ ...envelope, status: nth === 1 ? 'NEW' : 'RET' })
    const [salt, timestamp] = [randomBytes(8).toString('hex'), String(Math.floor(Date.now() / 1000))]
    // The same formula as for requests, with the whole address for the path and no method.
    const signed = { method: '', path: url, salt, timestamp, accessKey, secretKey, body }
    const signature = expectedSignature(signed)
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', salt, timestamp, signature },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(attemptMs)]),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`the receiver of the webhook answered ${response.status}`)
  }

  async function deliver({ type, data, operationId }: ChangeEvent): Promise<void> {
    const now = Date.now()
    const envelope = {
      id: newId('wh'),
      type,
      data,
      trigger_operation_id: operationId,
      status: '',
      created_at: Math.floor(now / 1000),
      extended_timestamp: now,
    }
    try {
      await pRetry((nth) => attempt(envelope, nth), {
        retries: attempts - 1,
        minTimeout: firstDelayMs,
        signal: closing.signal,
      })
      counts.delivered += 1
    } catch {
      counts.failed += 1
    }
    counts.due -= 1
  }

  return {
    counts,
    send(event: ChangeEvent): void {
      if (url === '' || closing.signal.aborted) return
      if (counts.due >= mostQueued) counts.failed += 1
      else {
        counts.due += 1
        void limit(deliver, event)
      }
    },
    /** Ends what is under way. */
    close(): void {
      limit.clearQueue()
      closing.abort()
    },
  }
}

/** Webhooks hold what a file holds of customers, so they leave this machine only to a host that is named twice. */
function checkUrl(text: string, allowHost: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === ''
  if (isWeb && (isLoopback(url) || (url.protocol === 'https:' && url.host === allowHost))) return
  const isOther = isWeb && url.protocol === 'https:'
  throw new BulkUpdateError(
    'E_WEBHOOK_URL',
    isWeb
      ? `--webhook-url: host not allowed: ${url.protocol}//${url.host}`
      : '--webhook-url is not an address',
    isOther
      ? `If that host is meant, add --allow-host ${shellWord(url.host)}.`
      : 'Write an address of this machine such as http://127.0.0.1:8080/webhooks, or https and --allow-host for another.',
  )
}
