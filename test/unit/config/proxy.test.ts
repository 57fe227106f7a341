import { describe, expect, it } from 'vitest'
import { findProxy, nameOfProxy } from '../../../src/config/environment.ts'

const sandbox = new URL('https://sandboxapi.rapyd.net')
const find = (env: NodeJS.ProcessEnv, origin = sandbox) => findProxy(origin, env)?.href

describe('the proxy for a call', () => {
  it.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ['none', {}, undefined],
    ['empty', { HTTPS_PROXY: '', HTTP_PROXY: ' ' }, undefined],
    ['for https before http', { HTTP_PROXY: 'http://b:1', HTTPS_PROXY: 'http://a:1' }, 'http://a:1/'],
    ['in small letters first', { HTTPS_PROXY: 'http://b:1', https_proxy: 'http://a:1' }, 'http://a:1/'],
    ['not from an empty variable', { https_proxy: '', HTTPS_PROXY: 'http://a:1' }, 'http://a:1/'],
    ['without a scheme', { HTTPS_PROXY: 'me:pass@a:3128' }, 'http://me:pass@a:3128/'],
    ['over TLS', { HTTPS_PROXY: 'https://a' }, 'https://a/'],
  ])('comes from the environment: %s', (_what, env, expected) => {
    expect(find(env)).toBe(expected)
  })

  it.each([
    'rapyd.net',
    '.rapyd.net',
    '*.rapyd.net',
    'SandboxAPI.Rapyd.Net',
    'sandboxapi.rapyd.net.',
    'sandboxapi.rapyd.net:443',
    '.rapyd.net:443',
    'localhost,127.0.0.1 , rapyd.net',
    'localhost rapyd.net',
    'localhost,*',
  ])('is none with NO_PROXY=%s', (list) => {
    expect(find({ HTTPS_PROXY: 'http://a:1', NO_PROXY: list })).toBeUndefined()
    expect(find({ HTTPS_PROXY: 'http://a:1', no_proxy: list })).toBeUndefined()
  })

  it.each(['', ',', 'api.rapyd.net', 'apyd.net', 'rapyd.net:80', 'sandboxapi', 'rapyd.net.evil', '.', '*.'])(
    'is used with NO_PROXY=%s',
    (list) => {
      expect(find({ HTTPS_PROXY: 'http://a:1', NO_PROXY: list })).toBe('http://a:1/')
    },
  )

  it('is none for an address of IPv6 that NO_PROXY names, with or without brackets', () => {
    const origin = new URL('https://[fd00::1]:8443')
    for (const list of ['fd00::1', '[fd00::1]', '[fd00::1]:8443'])
      expect(find({ HTTPS_PROXY: 'http://a:1', NO_PROXY: list }, origin)).toBeUndefined()
  })

  it.each(['http://localhost:1', 'https://127.0.0.1:1', 'https://127.8.8.8', 'https://[::1]:1'])(
    'is none for %s, whatever the environment says',
    (origin) => {
      expect(find({ HTTPS_PROXY: 'no address at all' }, new URL(origin))).toBeUndefined()
    },
  )

  it.each([
    'socks5://a:1',
    'http://',
    'http://a:99999',
    'http://me:sec#ret@a:1',
    'http://me:12/secret@a:1',
    'http://me:12?secret@a:1',
    'http://me:12#secret@a:1',
    'http://me:100%secret@a:1',
    'pac+http://a/secret.pac',
  ])('is refused if its address is none, and not shown: %s', (address) => {
    const error = expect.objectContaining({
      code: 'E_PROXY',
      message: expect.not.stringMatching(/secret|sec#ret/),
    })
    expect(() => find({ HTTPS_PROXY: address })).toThrow(error)
  })

  it('has a name of host and port, without user and password', () => {
    expect(nameOfProxy(new URL('http://me:secret@proxy.corp'))).toBe('proxy.corp:80')
    expect(nameOfProxy(new URL('https://me:secret@proxy.corp'))).toBe('proxy.corp:443')
    expect(nameOfProxy(new URL('http://me:secret@[fd00::1]:3128'))).toBe('[fd00::1]:3128')
  })
})
