import { describe, expect, it } from 'vitest'
import { isLoopback, isProduction, resolveOrigin } from '../../../src/config/environment.ts'
import { parseErrorLimit, parsePercent, parseRate } from '../../../src/config/values.ts'

const refused = (code: string) =>
  expect.objectContaining({ kind: 'USAGE', code, remedy: expect.stringMatching(/\.$/) })

describe('--rate', () => {
  it.each([
    [
      '200/1m,1000/5m',
      '10%',
      [
        { limit: 180, perMs: 60_000 },
        { limit: 900, perMs: 300_000 },
      ],
    ],
    [
      '200/1m,1000/5m',
      '0%',
      [
        { limit: 200, perMs: 60_000 },
        { limit: 1_000, perMs: 300_000 },
      ],
    ],
    [
      ' 5/s , 7/250ms',
      '0',
      [
        { limit: 5, perMs: 1_000 },
        { limit: 7, perMs: 250 },
      ],
    ],
    ['10/2h', '25.5%', [{ limit: 7, perMs: 7_200_000 }]],
    ['1/1s', '90%', [{ limit: 1, perMs: 1_000 }]],
    ['none', '10%', []],
  ])('%s with --reserve %s', (rate, reserve, windows) => {
    expect(parseRate(rate, reserve)).toEqual(windows)
  })

  it.each([
    '',
    'fast',
    '200',
    '200/1',
    '200/1d',
    '0/1m',
    '200/0s',
    '-1/1m',
    '1.5/1m',
    '200/1m,',
    '200/1m;9/1s',
  ])('refuses %j', (rate) => {
    expect(() => parseRate(rate, '10%')).toThrow(refused('E_OPTION_RATE'))
  })
})

describe('--reserve', () => {
  it.each(['100%', '100', '100.0%'])('%s leaves nothing, whatever the rate', (reserve) => {
    for (const rate of ['200/1m', 'none'])
      expect(() => parseRate(rate, reserve)).toThrow(refused('E_OPTION_RESERVE'))
  })
})

describe('percentages and limits', () => {
  it.each([
    ['10%', 10],
    ['10', 10],
    ['0%', 0],
    ['100%', 100],
    ['0.5%', 0.5],
  ])('%s', (text, percent) => expect(parsePercent('reserve', text)).toBe(percent))

  it.each(['', '%', '101%', '-1%', '1e1%', 'ten', '10 %'])('%j is none, and the option is named', (text) => {
    expect(() => parsePercent('max-clears', text)).toThrow(refused('E_OPTION_PERCENT'))
    expect(() => parsePercent('max-clears', text)).toThrow(/--max-clears/)
  })

  it('--max-errors is a number of rows, or a share with its sign', () => {
    expect(parseErrorLimit('50')).toEqual({ rows: 50 })
    expect(parseErrorLimit('0')).toEqual({ rows: 0 })
    expect(parseErrorLimit('5%')).toEqual({ percent: 5 })
    for (const text of ['-5', 'ten', ''])
      expect(() => parseErrorLimit(text)).toThrow(refused('E_OPTION_MAX_ERRORS'))
    expect(() => parseErrorLimit('101%')).toThrow(refused('E_OPTION_PERCENT'))
  })
})

describe('the host of the calls', () => {
  it.each([
    ['sandbox', undefined, undefined, 'https://sandboxapi.rapyd.net'],
    ['production', undefined, undefined, 'https://api.rapyd.net'],
    ['sandbox', 'https://api.rapyd.net', undefined, 'https://api.rapyd.net'],
    ['sandbox', 'https://api.rapyd.net:443/', undefined, 'https://api.rapyd.net'],
    ['sandbox', 'https://proxy.example.com', 'proxy.example.com', 'https://proxy.example.com'],
    ['sandbox', 'https://proxy.example.com:8443', 'proxy.example.com:8443', 'https://proxy.example.com:8443'],
    ['sandbox', 'http://127.0.0.1:4010', undefined, 'http://127.0.0.1:4010'],
    ['sandbox', 'http://localhost:4010', undefined, 'http://localhost:4010'],
    ['sandbox', 'http://[::1]:4010', undefined, 'http://[::1]:4010'],
  ] as const)('%s, %s and --allow-host %s', (env, baseUrl, allowHost, origin) => {
    expect(resolveOrigin(env, baseUrl, allowHost).origin).toBe(origin)
  })

  it.each([
    ['another host', 'https://proxy.example.com', undefined],
    ['a host that is not the one allowed', 'https://proxy.example.com', 'example.com'],
    ['another port than the one allowed', 'https://proxy.example.com:8443', 'proxy.example.com'],
    ['a host that begins like Rapyd’s', 'https://api.rapyd.net.example.com', undefined],
    ['another port of Rapyd’s host', 'https://api.rapyd.net:8443', undefined],
    ['http to Rapyd', 'http://api.rapyd.net', undefined],
    ['http to an allowed host', 'http://proxy.example.com', 'proxy.example.com'],
    ['a name that begins like loopback', 'http://127.0.0.1.example.com', undefined],
    ['a name that begins with localhost', 'http://localhost.example.com', undefined],
    ['an address of the network', 'http://10.0.0.1', undefined],
    ['another scheme', 'ftp://127.0.0.1', undefined],
  ])('refuses %s: %s', (_what, baseUrl, allowHost) => {
    expect(() => resolveOrigin('sandbox', baseUrl, allowHost)).toThrow(refused('E_HOST_NOT_ALLOWED'))
  })

  it.each([
    'api.rapyd.net',
    'https://',
    'https://user@api.rapyd.net',
    'https://user:secret@api.rapyd.net',
    'https://api.rapyd.net/v1',
    'https://api.rapyd.net/?x=1',
  ])('refuses what is no plain address, without repeating it: %s', (baseUrl) => {
    expect(() => resolveOrigin('sandbox', baseUrl, undefined)).toThrow(refused('E_BASE_URL'))
    expect(() => resolveOrigin('sandbox', baseUrl, undefined)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(baseUrl) }),
    )
  })

  it('knows production and loopback', () => {
    expect(isProduction(new URL('https://api.rapyd.net'))).toBe(true)
    for (const host of ['api.rapyd.net.', 'API.rapyd.net', 'payments.rapyd.net', 'api.rapyd.net:8443'])
      expect(isProduction(new URL(`https://${host}`))).toBe(true)
    for (const host of [
      'sandboxapi.rapyd.net',
      'sandboxapi.rapyd.net.',
      'notrapyd.net',
      'rapyd.net.example.com',
    ])
      expect(isProduction(new URL(`https://${host}`))).toBe(false)
    expect(isLoopback(new URL('http://127.1.2.3'))).toBe(true)
    expect(isLoopback(new URL('http://128.0.0.1'))).toBe(false)
  })
})
