import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  newSalt,
  HiddenCredentials,
  sign,
  toTimestamp,
  type Credentials,
  type SignatureParts,
} from '../../../src/rapyd/signature.ts'

// Computed with Rapyd's official samples, so that we compare with their code and not with ours.
const credentials = {
  accessKey: 'AK0123456789ABCDEF01',
  secretKey: `sk_${'0123456789abcdef'.repeat(5)}`,
}
const customer = '/v1/customers/cus_d3ed65d5091a8398cc3651bcedec1201'
const vectors = [
  [
    'post',
    customer,
    '{"name":"John Doe","email":"john_doe@example.com","description":""}',
    'NjJjMjAwNDQzMDRiZWUzODZmNTU1NmM1MzhmMGQ3MWQ2M2VhODM4YjZkMjVhZmE2MTIxMjgyZDIyMWQxZTAzMQ==',
  ],
  [
    'post',
    customer,
    '{"name":"José Núñez 東京 😀","description":"a/b & <c> \\"q\\"","phone_number":""}',
    'MjE1Y2JjYWRlOWI3MzRiYThmMDQxMTAyNzc1MGNhMzE4YjQwZmEzMmU3ZGJlMDUxM2E0M2E3MGJiMDE3YzRmYw==',
  ],
  [
    'get',
    customer,
    '',
    'ZDAxMmNkZWUzZGNkMzQ5OWU1YjllNzA5ZWY5ZDg0MjhhMDRlNjU2YzhmN2M5MjdiYjRiOTliNWQ2NjMxOWI1Yw==',
  ],
  [
    'get',
    '/v1/customers?limit=100&starting_after=cus_d3ed65d5091a8398cc3651bcedec1201',
    '',
    'ODljNDc4NDcwYjQxYjJjZTAxYjY5NTdjZmQ2N2M2OTUyMTcxNDgyMjdjNGE1NzdkZWQ3ZDYyZWZmMzJjYjU2NQ==',
  ],
  [
    'post',
    customer,
    '{}',
    'MTI3YzgyOTQyZjAxNGU1MjkzODU2MzcwMGE4YWYzZGRiYTZiYWIwYjI2Zjc2ODNkNDg3ZGI3ZjM0ZWZlZmQyNg==',
  ],
  [
    'delete',
    `${customer}/discount`,
    '',
    'YzliMGMwMGMwY2ZjNDk4MWVlYmMwZWVmZjE1YTZhM2QzZjQ4NmRkYzQyNjViYWNmODFjMzhkODU2MDJiNmI1MQ==',
  ],
  [
    'post',
    customer,
    '{"metadata":{"score":1.5,"count":10,"big":1e+21,"flag":true,"nil":null,"arr":[1,"2"]}}',
    'NjJmMzNjOWU5YWViMjVmMTQxMGJiNGRjNzczYzI0MjU3YzE1YThiODJkNWFhYjkzOGM1YmNmOWYwMWI1NjFiMw==',
  ],
  // A webhook: no method, and the whole URL for a path.
  [
    '',
    'https://example.com/rapyd/webhook',
    '{"id":"wh_0d2bf25d7d59bf95396e65f6230943e8","type":"CUSTOMER_UPDATED","data":{"id":"cus_d3ed65d5091a8398cc3651bcedec1201","name":"José"},"trigger_operation_id":"507ddf34-48d1-4595-a1eb-fb605d2b4357","status":"NEW","created_at":1700000000}',
    'ZjkzMGE3ZDFmNGM3ODhjMzUyN2E0MGY4NzI1MmIyN2M5MDVmOTU1NzM3MzQyMjY0NTdjNmUzYjIzZDkzMWU1ZA==',
  ],
] as const

function signOne(method: SignatureParts['method'], path: string, body: string): string {
  return sign(credentials, { method, path, body, salt: 'a1b2c3d4e5f6', timestamp: '1700000000' })
}

describe('sign', () => {
  it.each(vectors)('signs "%s" %s as the official samples do', (method, path, body, signature) => {
    expect(signOne(method, path, body)).toBe(signature)
  })

  it('puts the hex text, not the raw digest, into base64', () => {
    const [, , body, signature] = vectors[0]
    const raw = 'YsIARDBL7jhvVVbFOPDXHWPqg4ttJa+mEhKC0iHR4DE='
    // The documentation's formula, without the hex step that every sample has.
    expect(Buffer.from(raw, 'base64').toString('hex')).toBe(Buffer.from(signature, 'base64').toString())
    expect(signOne('post', customer, body)).not.toBe(raw)
    expect(signOne('post', customer, body)).toHaveLength(88)
  })

  it('signs characters as they are sent, not as escapes', () => {
    const escaped = vectors[1][2].replaceAll(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    const wrong = 'NTQzYjhjOTA3MWIwM2E0NjFjZjVhNGE5ZGE0NjJjODg5MGM1NzAzZWMwYzA5ZWRjMGE3ZWEyNjk3ZWMxNjE2OA=='
    expect(signOne('post', customer, escaped)).toBe(wrong)
    expect(signOne('post', customer, vectors[1][2])).not.toBe(wrong)
  })

  it('rounds the timestamp down, because the future is refused', () => {
    expect(toTimestamp(1_700_000_000_999)).toBe('1700000000')
  })

  it('draws a new salt of 16 hex digits each time', () => {
    const salts = Array.from({ length: 5_000 }, newSalt)
    expect(new Set(salts).size).toBe(salts.length)
    expect(salts.every((salt) => /^[0-9a-f]{16}$/.test(salt))).toBe(true)
  })

  it('keeps the keys out of what is printed, spread or serialised', () => {
    const keys: Credentials = new HiddenCredentials('ACCESS', 'SECRET')
    const shown = [
      JSON.stringify(keys),
      JSON.stringify({ keys }),
      inspect(keys),
      inspect({ keys }),
      JSON.stringify({ ...keys }),
    ]
    expect(shown.join(' ')).not.toMatch(/ACCESS|SECRET/)
    expect(keys.secretKey).toBe('SECRET')
  })
})
