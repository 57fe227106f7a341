/**
 * One request, layer by layer: the limiter's permit, the durable intent, a place in flight, and only then salt, timestamp and
 * signature. There are never more permits than places, so what has a permit can be sent at once, and a stop, a block or a crash
 * finds few rows on their way. Without windows the intent comes before the permit: many rows then share one commit.
 */
import pLimit from 'p-limit'
import { machineLimit } from '../config/system.ts'
import type { ApiRequest, ApiResponse, Clock } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Run } from '../model/store.ts'
import { operations } from '../rapyd/operations.ts'
import { newSalt, sign, toTimestamp, type Credentials } from '../rapyd/signature.ts'
import { stopError, TransportError } from './errors.ts'
import {
  largestOffsetMs,
  type Calls,
  type Exchange,
  type Signer,
  type Transport,
  type UpdateHooks,
} from './ports.ts'
import type { Permit, RateLimiter } from './rate-limiter.ts'

export interface CallParts {
  readonly limiter: RateLimiter
  readonly signer: Signer
  readonly transport: Transport
  /** Makes the row's intent durable. Called before every attempt; returns undefined if it already is. */
  readonly intend: (request: UpdateRequest) => Promise<void> | undefined
  /** Undefined if nothing is sent but reads that belong to no run. */
  readonly owner?: Pick<Run, 'isFresh' | 'renew'> | undefined
  /** Requests in flight at most. */
  readonly concurrency: number
  /** True if rates are limited. */
  readonly hasWindows: boolean
}

interface SendOptions extends UpdateHooks {
  readonly isProbe?: boolean
  readonly isBeforeUpdate?: boolean
  /** The update whose intent is made durable between the permit and the signature. */
  readonly update?: UpdateRequest
}

interface KeptPermit {
  readonly permit: Permit
  readonly grantedAt: number
}

/** A permit that is older is not used: the process stood still, and others may have sent meanwhile. */
const longestPermitMs = 10_000

const shortestList = '/v1/customers?limit=1'

export function createCalls(parts: CallParts): Calls {
  const { limiter, signer, transport, intend, hasWindows } = parts
  const gate = pLimit(parts.concurrency)
  /** Permits for updates that were taken together with those of their readings, by path. */
  const kept = new Map<string, KeptPermit>()

  function giveBack(path: string): void {
    kept.get(path)?.permit.release()
    kept.delete(path)
  }

  async function acquire(
    { path }: ApiRequest,
    signal: AbortSignal,
    { isProbe = false, isBeforeUpdate = false, update }: SendOptions,
  ): Promise<KeptPermit> {
    const held = update === undefined ? undefined : kept.get(path)
    if (held !== undefined && limiter.isOpen && Date.now() - held.grantedAt <= longestPermitMs) {
      kept.delete(path)
      return held
    }
    giveBack(path)
    const isNext = update?.reading !== undefined
    const permits = isBeforeUpdate ? 2 : 1
    const permit = await limiter.acquire(signal, { probe: isProbe, isNext, permits })
    const grantedAt = Date.now()
    if (permit.second !== undefined) kept.set(path, { permit: permit.second, grantedAt })
    return { permit, grantedAt }
  }

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    options: SendOptions = {},
  ): Promise<Exchange> {
    const { isProbe = false, update, onAnswer, isUsable } = options
    signal.throwIfAborted()
    const { permit, grantedAt } = await acquire(request, signal, options)
    try {
      if (isUsable?.() === false) return new TransportError('not_sent', 'old_reading')
      const durable = update === undefined ? undefined : intend(update)
      if (durable !== undefined) await durable
      if (parts.owner?.isFresh === false) await parts.owner.renew()
      signal.throwIfAborted()
      if (Date.now() - grantedAt > longestPermitMs) return new TransportError('not_sent', 'stale')
      const exchange = (): Promise<ApiResponse> => transport.exchange(signer.sign(request))
      const response = await (isProbe ? exchange() : gate(exchange))
      permit.answered(response)
      onAnswer?.(response)
      return response
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      permit.failed(error)
      if (error.phase === 'tls') throw stopError('E_TLS', error.reason)
      const limit = error.phase === 'not_sent' ? machineLimit(error, error.reason) : undefined
      if (limit !== undefined) throw limit
      if (error.phase === 'proxy_auth') throw stopError('E_PROXY_AUTH', '')
      return error
    } finally {
      permit.release()
    }
  }

  return {
    async enter(request, signal) {
      signal.throwIfAborted()
      if (!hasWindows) await intend(request)
      signal.throwIfAborted()
    },
    update(request, signal, options = {}) {
      return send(operations[request.operation].toRequest(request), signal, { ...options, update: request })
    },
    read: (path, signal, isBeforeUpdate = false) =>
      send({ method: 'get', path, body: '' }, signal, { isBeforeUpdate: isBeforeUpdate && hasWindows }),
    giveBack,
    list: (signal) => send({ method: 'get', path: shortestList, body: '' }, signal, { isProbe: true }),
  }
}

export function createSigner(credentials: Credentials, clock: Pick<Clock, 'wall'>): Signer {
  let offsetMs = 0
  return {
    sign(request) {
      const salt = newSalt()
      const timestamp = toTimestamp(clock.wall() + offsetMs)
      const { method, path, body } = request
      const signature = sign(credentials, { method, path, salt, timestamp, body })
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        access_key: credentials.accessKey,
        salt,
        timestamp,
        signature,
        ...(request.idempotencyKey === undefined ? {} : { idempotency: request.idempotencyKey }),
      }
      return { method, path, body, headers }
    },
    correctClock(response) {
      const server = Date.parse(String(response.headers['date'] ?? ''))
      if (Number.isNaN(server)) return undefined
      const found = server - clock.wall()
      if (Math.abs(found) <= largestOffsetMs) offsetMs = found
      return found
    },
  }
}
