import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createAuthentication,
  expectedSignature,
  reserialised,
} from '../../../src/simulator/authentication.ts'
import { createSimulator, type Simulator } from '../../../src/simulator/server.ts'
import { envelope, send, update, verdict } from './signed-request.ts'

const common = {
  accessKey: 'AK0123456789ABCDEF01',
  secretKey: 'sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  salt: 'a1b2c3d4e5f6',
  timestamp: '1700000000',
}
const customer = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const path = `/v1/customers/${customer}`
const john = '{"name":"John Doe","email":"john_doe@example.com","description":""}'
const jose = '{"name":"José Núñez 東京 😀","description":"a/b & <c> \\"q\\"","phone_number":""}'
const numbers = '{"metadata":{"score":1.5,"count":10,"big":1e+21,"flag":true,"nil":null,"arr":[1,"2"]}}'

// Computed by running the official samples (Node, Java, Python) on these requests.
const vectors: readonly (readonly [string, string, string, string, string])[] = [
  [
    'V1',
    'POST',
    path,
    john,
    'NjJjMjAwNDQzMDRiZWUzODZmNTU1NmM1MzhmMGQ3MWQ2M2VhODM4YjZkMjVhZmE2MTIxMjgyZDIyMWQxZTAzMQ==',
  ],
  [
    'V2',
    'POST',
    path,
    jose,
    'MjE1Y2JjYWRlOWI3MzRiYThmMDQxMTAyNzc1MGNhMzE4YjQwZmEzMmU3ZGJlMDUxM2E0M2E3MGJiMDE3YzRmYw==',
  ],
  [
    'V3',
    'GET',
    path,
    '',
    'ZDAxMmNkZWUzZGNkMzQ5OWU1YjllNzA5ZWY5ZDg0MjhhMDRlNjU2YzhmN2M5MjdiYjRiOTliNWQ2NjMxOWI1Yw==',
  ],
  [
    'V4',
    'GET',
    `/v1/customers?limit=100&starting_after=${customer}`,
    '',
    'ODljNDc4NDcwYjQxYjJjZTAxYjY5NTdjZmQ2N2M2OTUyMTcxNDgyMjdjNGE1NzdkZWQ3ZDYyZWZmMzJjYjU2NQ==',
  ],
  [
    'V5',
    'POST',
    path,
    '{}',
    'MTI3YzgyOTQyZjAxNGU1MjkzODU2MzcwMGE4YWYzZGRiYTZiYWIwYjI2Zjc2ODNkNDg3ZGI3ZjM0ZWZlZmQyNg==',
  ],
  [
    'V6',
    'DELETE',
    `${path}/discount`,
    '',
    'YzliMGMwMGMwY2ZjNDk4MWVlYmMwZWVmZjE1YTZhM2QzZjQ4NmRkYzQyNjViYWNmODFjMzhkODU2MDJiNmI1MQ==',
  ],
  [
    'V7',
    'POST',
    path,
    numbers,
    'NjJmMzNjOWU5YWViMjVmMTQxMGJiNGRjNzczYzI0MjU3YzE1YThiODJkNWFhYjkzOGM1YmNmOWYwMWI1NjFiMw==',
  ],
]

const keys = { accessKey: common.accessKey, secretKey: common.secretKey }
const at = Number(common.timestamp) * 1000
const measured = { ...keys, signature: 'reserialised', timestamps: 'measured' } as const

function request(method: string, url: string, text: string, signature: string, over = {}) {
  const headers = {
    access_key: common.accessKey,
    salt: common.salt,
    timestamp: common.timestamp,
    signature,
    ...over,
  }
  return { method, path: url, headers, text, body: Buffer.from(text) }
}

/** The message of the refusal, or `passes`. */
function message(answer: { readonly body: string } | undefined): string {
  if (answer === undefined) return 'passes'
  const parsed: { readonly status: { readonly message: string } } = JSON.parse(answer.body)
  return parsed.status.message
}

describe('the signature check', () => {
  it.each(vectors)('computes %s as the official samples do', (_name, method, url, text, signature) => {
    expect(expectedSignature({ ...common, method, path: url, body: reserialised(text) })).toBe(signature)
    expect(createAuthentication(measured)(request(method, url, text, signature), at, 0)).toBeUndefined()
  })

  it('refuses the base64 of the raw digest and a signature over escaped text', () => {
    const authenticate = createAuthentication(measured)
    const digest = 'YsIARDBL7jhvVVbFOPDXHWPqg4ttJa+mEhKC0iHR4DE='
    const escaped = 'NTQzYjhjOTA3MWIwM2E0NjFjZjVhNGE5ZGE0NjJjODg5MGM1NzAzZWMwYzA5ZWRjMGE3ZWEyNjk3ZWMxNjE2OA=='
    expect(message(authenticate(request('POST', path, john, digest), at, 0))).toContain('signature')
    expect(message(authenticate(request('POST', path, jose, escaped), at, 0))).toContain('signature')
  })

  it('sees a body with spaces and escapes as JSON.stringify would write it, unless it is to check the bytes', () => {
    const spaced = '{ "name":"Jos\\u00e9", "score": 1.50 }'
    const parts = { ...common, method: 'post', path }
    const compact = expectedSignature({ ...parts, body: '{"name":"José","score":1.5}' })
    const literal = expectedSignature({ ...parts, body: spaced })
    const raw = { ...measured, signature: 'raw' } as const
    const outcomes = [measured, raw].flatMap((options) =>
      [compact, literal].map((signature) =>
        message(createAuthentication(options)(request('POST', path, spaced, signature), at, 0)),
      ),
    )
    expect(outcomes.map((text) => text === 'passes')).toEqual([true, false, false, true])
  })
})

/** What official clients sign and what they send. */
const clients: readonly (readonly [client: string, signed: string, sent: string])[] = [
  ['Node', '{"name":"José","description":"a/b & <c>"}', '{"name":"José","description":"a/b & <c>"}'],
  ['PHP', '{"name":"Jos\\u00e9","description":"a/b"}', '{"name":"Jos\\u00e9","description":"a/b"}'],
  ['.NET', '{"phone_number":"\\u002B1555"}', '{"phone_number":"\\u002B1555"}'],
  ['Python', '{"name":"José","description":"a/b"}', '{"name": "Jos\\u00e9", "description": "a/b"}'],
  ['Python, without a body', '', '{}'],
]

function clientsThatPass(signature: 'reserialised' | 'raw' | 'either'): readonly string[] {
  return clients.flatMap(([client, signed, sent]) => {
    const authenticate = createAuthentication({ ...measured, signature })
    const text = expectedSignature({ ...common, method: 'POST', path, body: signed })
    return message(authenticate(request('POST', path, sent, text), at, 0)) === 'passes' ? [client] : []
  })
}

describe('clients', () => {
  it('pass by what the signature covers, and all of them with either', () => {
    expect(clientsThatPass('reserialised')).toEqual(['Node', 'Python', 'Python, without a body'])
    expect(clientsThatPass('raw')).toEqual(['Node', 'PHP', '.NET'])
    expect(clientsThatPass('either')).toEqual(clients.map(([client]) => client))
  })

  it('do not pass with either, if what they sign is not what they send', () => {
    const authenticate = createAuthentication({ ...measured, signature: 'either' })
    const other = expectedSignature({ ...common, method: 'POST', path, body: '{"name":"Other"}' })
    expect(message(authenticate(request('POST', path, john, other), at, 0))).toContain('signature')
  })
})

describe('timestamps', () => {
  const ages = [-3601, -3600, -1, 0, 59, 60, 300, 301]
  it.each([
    ['measured', [-3600, -1, 0, 59, 60, 300]],
    ['documented', [0, 59]],
  ] as const)('pass as %s', (timestamps, passing) => {
    const [, method, url, text, signature] = vectors[0] ?? ['', '', '', '', '']
    const outcomes = ages.map((age) => {
      const authenticate = createAuthentication({ ...measured, timestamps })
      return message(authenticate(request(method, url, text, signature), at + age * 1000, 0))
    })
    expect(ages.filter((_, index) => outcomes[index] === 'passes')).toEqual(passing)
    expect(new Set(outcomes)).toEqual(new Set(['passes', 'timestamp header is out of allowed range']))
  })
})

describe('salts', () => {
  const [, method, url, text, signature] = vectors[0] ?? ['', '', '', '', '']
  it('are remembered for at least 300 seconds, and not for ever', () => {
    const authenticate = createAuthentication(measured)
    const again = (nowMs: number) => message(authenticate(request(method, url, text, signature), at, nowMs))
    expect(again(0)).toBe('passes')
    expect(again(299_999)).toContain('salt header value is not valid')
    expect(again(300_001)).toContain('salt header value is not valid')
    expect(again(900_000)).toBe('passes')
  })

  it('of a refused request are not spent', () => {
    const authenticate = createAuthentication(measured)
    expect(message(authenticate(request(method, url, text, `${signature}x`), at, 0))).toContain('signature')
    expect(message(authenticate(request(method, url, text, signature), at + 9e6, 0))).toContain('timestamp')
    expect(message(authenticate(request(method, url, text, signature), at, 0))).toBe('passes')
  })
})

describe('over HTTP', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await createSimulator({ windows: [] })
  })
  afterAll(() => simulator.close())

  it.each(['access_key', 'salt', 'timestamp', 'signature'])('a missing %s is 400', async (name) => {
    const reply = await update(simulator, 'cus_1', { name: 'A' }, { without: [name] })
    expect(verdict(reply)).toBe('400 MISSING_AUTHENTICATION_HEADERS')
  })

  it('a timestamp that is no number counts as missing', async () => {
    const reply = await update(simulator, 'cus_1', { name: 'A' }, { timestamp: 'now' })
    expect(verdict(reply)).toBe('400 MISSING_AUTHENTICATION_HEADERS')
  })

  it('has different messages for an unknown key, a wrong secret, an old timestamp and a used salt', async () => {
    const old = String(Math.floor(Date.now() / 1000) - 400)
    await update(simulator, 'cus_1', { name: 'A' }, { salt: 'used' })
    const replies = await Promise.all(
      [{ accessKey: 'other' }, { secretKey: 'other' }, { timestamp: old }, { salt: 'used' }].map((signing) =>
        update(simulator, 'cus_1', { name: 'A' }, signing),
      ),
    )
    expect(replies.map(verdict)).toEqual(replies.map(() => '401 UNAUTHENTICATED_API_CALL'))
    expect(replies.map((reply) => envelope(reply).status.message)).toEqual([
      'access_key header is not valid',
      expect.stringContaining('signature did not match'),
      'timestamp header is out of allowed range',
      'salt header value is not valid, same value used not long ago',
    ])
    expect(simulator.updatesOf('cus_1')).toBe(1)
  })

  it('accepts a body of {} that is signed as nothing, as the samples do', async () => {
    const reply = await send(simulator, 'POST', '/v1/customers/cus_1', '{}', { signedBody: '' })
    expect(verdict(reply)).toBe('200')
  })
})
