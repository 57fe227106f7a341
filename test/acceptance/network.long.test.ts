/** Networks of companies: proxies, and certificates of an authority of their own. No request leaves this machine. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { authority, issuer, startProxy, startTls, type Listener, type Proxy } from './support/network.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const sandbox = 'sandboxapi.rapyd.net'
const password = 'hidden-p@ss'

let folder: Folder
let server: RapydServer
let tls: Listener
const proxies: Proxy[] = []
beforeEach(async () => {
  folder = freshFolder()
  folder.write('crm.csv', `customer,name\n${[1, 2, 3].map((n) => `${id(n)},N${n}`).join('\n')}\n`)
  server = await startRapydServer()
  tls = await startTls(Number(new URL(server.url).port))
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
  await tls.close()
  await server.close()
  folder.remove()
})

async function openProxy(answer?: Parameters<typeof startProxy>[1]): Promise<Proxy> {
  const proxy = await startProxy(tls.port, answer)
  proxies.push(proxy)
  return proxy
}

const addressOf = ({ port }: Listener): string =>
  `http://me:${encodeURIComponent(password)}@127.0.0.1:${port}`
const nameOf = ({ port }: Listener): string => `127.0.0.1:${port}`

function update(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  command = ['update', 'crm.csv'],
): Promise<Finished> {
  return folder.run([...command, '--rate', '1000/1h', ...args], {
    ...server.keys,
    NODE_EXTRA_CA_CERTS: authority,
    ...env,
  })
}

/** All that the command has written, to the terminal and to files. */
function written({ stdout, stderr }: Finished): string {
  const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder.path, name))
    .filter((path) => statSync(path).isFile())
  return [stdout, stderr, ...files.map((path) => readFileSync(path, 'latin1'))].join('\n')
}

function expectNoPassword(finished: Finished): void {
  const text = written(finished)
  for (const secret of [password, encodeURIComponent(password)]) expect(text).not.toContain(secret)
}

describe('a proxy of the environment', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])(
    '%s carries the calls, gets its password, and is named in one line',
    async (name) => {
      const proxy = await openProxy()
      const finished = await update({ [name]: addressOf(proxy) })
      expect(finished).toMatchObject({ code: 0, stderr: expect.stringContaining(nameOf(proxy)) })
      expect(server.applied).toHaveLength(3)
      expect(new Set(proxy.asked)).toEqual(new Set([`${sandbox}:443 me:${password}`]))
      expectNoPassword(finished)
    },
  )

  it('whose tunnels fail costs attempts but no doubt: nothing is read back, and each row is sent once', async () => {
    const proxy = await openProxy((_socket, number) =>
      number % 2 === 1 ? 'HTTP/1.1 503 No\r\n\r\n<html>busy</html>' : undefined,
    )
    const { code } = await update({ HTTPS_PROXY: addressOf(proxy) }, ['--concurrency', '1'])
    expect(code).toBe(0)
    expect(server.updates).toHaveLength(3)
    expect(server.reads).toEqual([])
  })

  it('that is a portal, or has no way, is named with the host; the run can go on', async () => {
    for (const [text, reason] of [
      ['HTTP/1.1 502 No\r\n\r\n<html>', 'proxy_http_502'],
      ['HTTP/1.1 200 OK\r\n\r\n<html>Log in</html>', 'ERR_SSL'],
    ] as const) {
      const proxy = await openProxy(() => text)
      const finished = await update({ HTTPS_PROXY: addressOf(proxy) }, ['--max-outage', '1s'])
      expect(finished.code).toBe(5)
      expect(finished.stderr).toContain(reason)
      expect(finished.stderr).toContain(`at ${sandbox} through the proxy ${nameOf(proxy)} [E_`)
      expectNoPassword(finished)
    }
    const { code } = await update({ HTTPS_PROXY: addressOf(await openProxy()) })
    expect(code).toBe(0)
    expect(server.updates).toHaveLength(3)
  })

  it.each([
    ['update', ['update', 'crm.csv']],
    ['plan', ['plan', 'crm.csv']],
  ])('that asks for a password ends %s at once: E_PROXY_AUTH', async (_name, command) => {
    const proxy = await openProxy(() => 'HTTP/1.1 407 No\r\nproxy-authenticate: Basic\r\n\r\n<html>')
    const finished = await update({ HTTPS_PROXY: addressOf(proxy) }, [], command)
    expect(finished).toMatchObject({ code: 5, stderr: expect.stringContaining('[E_PROXY_AUTH]') })
    expect(finished.stderr).toContain(`at ${sandbox} through the proxy ${nameOf(proxy)}`)
    expect(proxy.asked).toHaveLength(1)
    expectNoPassword(finished)
  })

  it('that nobody has named and that answers in the middle of a run ends it: E_PROXY_AUTH', async () => {
    server.answer = ({ id: customer }) =>
      customer === id(2) ? { status: 407, body: '<html>log in</html>' } : undefined
    const { code, stderr } = await update({}, ['--base-url', server.url, '--concurrency', '1'])
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining('[E_PROXY_AUTH]') })
    expect(server.applied.map((call) => call.id)).toEqual([id(1)])
  })

  it.each([
    'socks5://me:hidden-p@127.0.0.1:1',
    'http://me:hidden#p@127.0.0.1:1',
    'http://me:hidden%p@127.0.0.1:1',
  ])('that is no address is refused without showing it: E_PROXY (%#)', async (address) => {
    const finished = await update({ HTTPS_PROXY: address })
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_PROXY]') })
    expect(written(finished)).not.toContain('hidden')
  })

  it('is not used for a server on this machine, nor by the simulator', async () => {
    const proxy = await openProxy()
    const env = { HTTPS_PROXY: addressOf(proxy), HTTP_PROXY: addressOf(proxy) }
    for (const args of [
      ['--base-url', server.url],
      ['--base-url', `https://127.0.0.1:${tls.port}`],
      ['--env', 'simulator'],
    ])
      expect((await update(env, args)).code).toBe(0)
    expect(proxy.asked).toEqual([])
  })

  it('is not used with --no-proxy', async () => {
    const proxy = await openProxy()
    const host = [
      '--base-url',
      'https://rapyd.invalid',
      '--allow-host',
      'rapyd.invalid',
      '--max-outage',
      '1s',
    ]
    const { code, stderr } = await update({ HTTPS_PROXY: addressOf(proxy) }, [...host, '--no-proxy'])
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: expect.stringContaining('at rapyd.invalid [E_REMOTE_DOWN]'),
    })
    expect(proxy.asked).toEqual([])
  })
})

describe('a certificate of an authority of the company', () => {
  it('is refused with its issuer, and with both ways to trust it: E_TLS', async () => {
    const proxy = await openProxy()
    const { code, stderr } = await update({ HTTPS_PROXY: addressOf(proxy), NODE_EXTRA_CA_CERTS: '' })
    expect(code).toBe(5)
    expect(stderr).toContain(`issued by ${issuer}), at ${sandbox} through the proxy ${nameOf(proxy)} [E_TLS]`)
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS')
    expect(stderr).toContain('--use-system-ca')
    expect(server.updates).toEqual([])
  })

  it.each([
    ['NODE_EXTRA_CA_CERTS', { NODE_EXTRA_CA_CERTS: authority }, []],
    ['--use-system-ca', { SSL_CERT_FILE: authority }, ['--use-system-ca']],
    ['NODE_USE_SYSTEM_CA', { SSL_CERT_FILE: authority, NODE_USE_SYSTEM_CA: '1' }, []],
    ['NODE_OPTIONS', { SSL_CERT_FILE: authority, NODE_OPTIONS: '--use-system-ca' }, []],
  ])('is trusted with %s, direct and in a tunnel', async (_name, env, args) => {
    const without = { NODE_EXTRA_CA_CERTS: '', ...env }
    const direct = ['--base-url', `https://127.0.0.1:${tls.port}`]
    expect((await update(without, [...args, ...direct])).code).toBe(0)
    const proxy = await openProxy()
    expect((await update({ ...without, HTTPS_PROXY: addressOf(proxy) }, args)).code).toBe(0)
    expect(server.applied).toHaveLength(6)
  })
})
