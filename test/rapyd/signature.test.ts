import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createSign, newSalt, redactedCredentials, timestampOf } from '../../src/rapyd/signature.ts'

// Computed with Rapyd's official samples; they bind us to their code and not to ours.
const credentials = {
  accessKey: 'AK0123456789ABCDEF01',
  secretKey: `sk_${'0123456789abcdef'.repeat(5)}`,
}
const sign = createSign(credentials)
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
] as const

describe('sign', () => {
  it.each(vectors)('signs %s %s as the official samples do', (method, path, body, signature) => {
    expect(sign({ method, path, body, salt: 'a1b2c3d4e5f6', timestamp: '1700000000' })).toBe(signature)
  })

  it('signs neither the raw digest nor escaped text', () => {
    const one = sign({
      method: 'post',
      path: customer,
      body: vectors[0][2],
      salt: 'a1b2c3d4e5f6',
      timestamp: '1700000000',
    })
    expect(one).not.toBe('YsIARDBL7jhvVVbFOPDXHWPqg4ttJa+mEhKC0iHR4DE=')
    expect(one).toHaveLength(88)
    const two = sign({
      method: 'post',
      path: customer,
      body: vectors[1][2],
      salt: 'a1b2c3d4e5f6',
      timestamp: '1700000000',
    })
    expect(two).not.toBe(
      'NTQzYjhjOTA3MWIwM2E0NjFjZjVhNGE5ZGE0NjJjODg5MGM1NzAzZWMwYzA5ZWRjMGE3ZWEyNjk3ZWMxNjE2OA==',
    )
  })

  it('rounds the timestamp down, because the future is refused', () => {
    expect(timestampOf(1_700_000_000_999)).toBe('1700000000')
  })

  it('draws a new salt of 16 hex digits each time', () => {
    const salts = Array.from({ length: 5_000 }, newSalt)
    expect(new Set(salts).size).toBe(salts.length)
    expect(salts.every((salt) => /^[0-9a-f]{16}$/.test(salt))).toBe(true)
  })

  it('shows the keys to nobody who prints, spreads or serialises them', () => {
    const keys = redactedCredentials('ACCESS', 'SECRET')
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
