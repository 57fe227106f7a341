import { describe, expect, it } from 'vitest'
import { preflight } from '../../../src/http/access.ts'
import { isOwnBlock, noBlocks } from '../../../src/http/retry.ts'
import { envelope } from '../../acceptance/support/rapyd-server.ts'
import {
  badCertificate,
  createRig,
  lost,
  notSent,
  proxyAuth,
  refusal,
  response,
  success,
  times,
  type Step,
} from '../../support/rig.ts'

const running = new AbortController().signal
const list = response(200, envelope('SUCCESS', '', []))
const late = (ms: number): Step => ({
  ...refusal(401, 'UNAUTHENTICATED_API_CALL', 'timestamp header is out of allowed range'),
  headers: { date: new Date(1_700_000_000_000 + ms).toUTCString() },
})

describe('the preflight', () => {
  it('reads the shortest list, signed, once', async () => {
    const { parts, sent } = createRig({ reads: [list] })
    await preflight(parts, running)
    expect(sent.map(({ request }) => [request.method, request.path])).toEqual([
      ['get', '/v1/customers?limit=1'],
    ])
    expect(sent[0]?.request.headers).toMatchObject({ access_key: 'access', signature: expect.any(String) })
  })

  it.each<[string, Step[]]>([
    ['a success', [success()]],
    ['a key that may update but not list', [refusal(401, 'UNAUTHORIZED_API_CALL')]],
    ['a refusal that only Rapyd can give', [refusal(403, 'SOME_RULE')]],
    ['a clock that is a minute behind', [late(60_000), list]],
    ['an outage that ends', [notSent, lost, response(503, 'gone'), response(500, ''), list]],
    ['throttling that ends', [response(429, '<html>'), list]],
  ])('is satisfied with %s', async (_what, reads) => {
    const { parts, unused } = createRig({ reads })
    await preflight(parts, running)
    expect(unused()).toEqual([])
  })

  it.each<[string, Step[], string, string]>([
    ['a refused key', [refusal(401, 'UNAUTHENTICATED_API_CALL', 'access_key')], 'AUTH', 'E_AUTH'],
    ['missing headers', [refusal(400, 'MISSING_AUTHENTICATION_HEADERS')], 'AUTH', 'E_AUTH'],
    ['a page with status 401', [response(401, '<html>')], 'AUTH', 'E_AUTH'],
    ['a clock that is ten minutes behind', [late(600_000)], 'AUTH', 'E_CLOCK'],
    ['a time that is refused twice', [late(60_000), late(60_000)], 'AUTH', 'E_CLOCK'],
    ['a redirect', [response(307, '')], 'REMOTE', 'E_REDIRECT'],
    ['the page of a portal', [response(200, '<html>log in</html>')], 'REMOTE', 'E_NOT_API'],
    ['a certificate that cannot be trusted', [badCertificate], 'REMOTE', 'E_TLS'],
    ['a proxy that opens no tunnel without a password', [proxyAuth], 'REMOTE', 'E_PROXY_AUTH'],
    ['a proxy that answers for Rapyd', [response(407, '<html>')], 'REMOTE', 'E_PROXY_AUTH'],
    ['an outage that does not end', times(6, notSent), 'REMOTE', 'E_REMOTE_DOWN'],
    ['server errors that do not end', times(6, response(500, '')), 'REMOTE', 'E_REMOTE_DOWN'],
  ])('stops at %s', async (_what, reads, kind, code) => {
    const { parts, unused } = createRig({ reads })
    await expect(preflight(parts, running)).rejects.toMatchObject({ kind, code })
    expect(unused()).toEqual([])
  })

  it('signs with the server’s clock once that is known', async () => {
    const { parts, sent } = createRig({ reads: [late(60_000), list] })
    await preflight(parts, running)
    expect(sent.map(({ request }) => request.headers['timestamp'])).toEqual(['1700000000', '1700000060'])
  })

  it('waits for the window that throttled it, with everyone', async () => {
    const { parts, sent } = createRig({ reads: [response(429, ''), response(429, ''), list] })
    await preflight(parts, running)
    const [first, second, third] = sent.map(({ at }) => at)
    expect(first).toBe(0)
    expect(second).toBeGreaterThanOrEqual(60_000)
    expect(third).toBeGreaterThanOrEqual(300_000)
  })

  it('ends with the run that is stopped while it waits', async () => {
    const { parts, clock, sent } = createRig({ reads: [notSent] })
    const stop = new AbortController()
    clock.sleep = () => {
      stop.abort(new Error('stopped'))
      return Promise.resolve()
    }
    await expect(preflight(parts, stop.signal)).rejects.toThrow('stopped')
    expect(sent).toHaveLength(1)
  })
})

describe('a page of a firewall', () => {
  const page = response(403, '<html>blocked</html>')

  it('is about one update only if other updates get through between its pages', async () => {
    const { parts, sent } = createRig({})
    const { access } = parts
    access.updated()
    let blocks = noBlocks
    for (let pages = 1; pages <= 10; pages++) {
      blocks = await access.blocked(blocks, page, running)
      await access.blocked(noBlocks, page, running)
    }
    expect(isOwnBlock(blocks)).toBe(false)
    access.answered()
    blocks = await access.blocked(blocks, page, running)
    expect(isOwnBlock(blocks)).toBe(false)
    access.answered()
    blocks = await access.blocked(blocks, page, running)
    expect(isOwnBlock(blocks)).toBe(true)
    expect(sent).toEqual([])
  })

  it('is about one update if a read gets through while no other update is tried', async () => {
    const { parts } = createRig({ reads: [list, list] })
    parts.access.updated()
    let blocks = noBlocks
    for (let pages = 1; pages <= 4; pages++) blocks = await parts.access.blocked(blocks, page, running)
    expect(isOwnBlock(blocks)).toBe(true)
  })
})

it('a row that is throttled for ever ends the run, and gets no outcome', async () => {
  const { parts } = createRig({})
  const forever = async (): Promise<void> => {
    for (let blocks = noBlocks; ;)
      blocks = await parts.access.blocked(blocks, response(429, '<html>'), running)
  }
  await expect(forever()).rejects.toMatchObject({ code: 'E_QUOTA' })
})
