import { expect, it } from 'vitest'
import { createClient } from '../../../src/http/client.ts'
import type { TransportError } from '../../../src/http/errors.ts'
import { createMemoryQuota } from '../../../src/http/limiter-state.ts'
import { badCertificate, notSent, proxyAuth } from '../../support/rig.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'

it.each([
  ['E_PROXY_AUTH', proxyAuth],
  ['E_TLS', badCertificate],
])(
  'a probe that shows what a person has to mend ends the run, and not only after the longest outage: %s',
  async (code, found) => {
    const clock = createVirtualClock()
    const stops: unknown[] = []
    let met: TransportError = notSent
    const client = createClient({
      transport: { exchange: () => Promise.reject(met), close: () => Promise.resolve() },
      credentials: { accessKey: 'access', secretKey: 'secret' },
      quota: createMemoryQuota([], clock),
      windows: [],
      concurrency: 1,
      clock,
      random: () => 0,
      longestMs: 600_000,
      intend: () => undefined,
      stop: (error) => stops.push(error),
    })
    const { signal } = new AbortController()
    for (let failure = 0; failure < 10; failure++) expect(await client.calls.read('/', signal)).toBe(notSent)
    met = found
    await clock.advanceTo(6_000)
    expect(stops).toMatchObject([{ code }])
    await client.close()
  },
)
