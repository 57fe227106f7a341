/** The client of one run: limiter, circuit breaker, signer and calls, put together around a transport. */
import { BulkUpdateError } from '../model/errors.ts'
import { readEnvelope } from '../rapyd/response.ts'
import type { Credentials } from '../rapyd/signature.ts'
import { createAccess } from './access.ts'
import { createCalls, createSigner, type CallParts } from './call.ts'
import { createCircuitBreaker } from './circuit-breaker.ts'
import { TransportError } from './errors.ts'
import { createRateLimiter, type RateLimiterParts } from './rate-limiter.ts'
import type { Exchange } from './ports.ts'

/** `windows` are those that `quota` keeps. `longestMs` counts for outages as well. */
export interface ClientParts
  extends
    Omit<RateLimiterParts, 'onSuccess' | 'onFailure'>,
    Pick<CallParts, 'transport' | 'intend' | 'owner'> {
  readonly credentials: Credentials
  /** Called when the circuit opens and when it closes. Must not throw. */
  readonly onOutage?: (isOpen: boolean) => void
}

export type Client = ReturnType<typeof createClient>

export function createClient(parts: ClientParts) {
  const { transport, credentials, windows, clock } = parts
  const signer = createSigner(credentials, clock)
  const limiter = createRateLimiter({
    ...parts,
    onSuccess: () => breaker.succeeded(),
    onFailure: (reason) => breaker.failed(reason),
  })
  const calls = createCalls({ ...parts, limiter, signer, hasWindows: windows.length > 0 })
  const breaker = createCircuitBreaker({
    ...parts,
    limiter,
    probe: (signal) =>
      calls.list(signal).then(isWorking, (error: unknown) => {
        if (error instanceof BulkUpdateError) parts.stop(error)
        return false
      }),
    onChange: parts.onOutage,
  })
  return {
    calls,
    limiter,
    signer,
    access: createAccess({ calls, signer, limiter }),
    /** Waits for the requests in flight. */
    async close(): Promise<void> {
      breaker.close()
      await transport.close()
      await limiter.close()
    },
  }
}

/** True for Rapyd's own answer, whatever it says about the request. */
function isWorking(exchange: Exchange): boolean {
  if (exchange instanceof TransportError) return false
  return exchange.status < 500 && readEnvelope(exchange.body) !== undefined
}
