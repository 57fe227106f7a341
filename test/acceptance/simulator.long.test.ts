import { createServer } from 'node:http'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { call, customerOf, verdict, type Sent, type Served } from './support/signed-client.ts'

/** Other tests share the machine. */
const soon = { timeout: 30_000 }

describe('the embedded simulator', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
    mkdirSync(join(folder.path, 'samples'))
    copyFileSync(
      join(import.meta.dirname, '..', '..', 'samples', 'crm-export.csv'),
      join(folder.path, 'samples', 'crm-export.csv'),
    )
  })
  afterEach(() => folder.remove())

  it('takes the sample export without keys, within the rate that it enforces', async () => {
    const { code, stdout } = await folder.run([
      'update',
      'samples/crm-export.csv',
      '--env',
      'simulator',
      '--rate',
      '100/1s',
      '--json',
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'simulator',
      outcomes: { updated: 194, invalid: 6, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 },
      rate_limited: 0,
      calls: 194,
      attempts: 194,
    })
  })

  it('finds the same six rows when the sample is only validated', async () => {
    const { code, stdout } = await folder.run(['validate', 'samples/crm-export.csv', '--json'])
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout)
    expect(
      findings.map((finding: { code: string; firstRow: number }) => [finding.firstRow, finding.code]),
    ).toEqual([
      [21, 'E_PHONE'],
      [46, 'E_EMAIL'],
      [78, 'E_ID'],
      [102, 'E_COUNTRY'],
      [134, 'E_COLUMNS'],
      [151, 'E_SUSPECT_BLANK'],
    ])
  })

  /** Rows that the simulator's dice refuse with a seed. */
  async function rejectedWith(seed: string): Promise<number> {
    const faults = ['--faults', 'not-found/post:20%', '--seed', seed, '--max-errors', '100%']
    const args = ['samples/crm-export.csv', '--env', 'simulator', '--rate', 'none', '--new-run', '--json']
    const { stdout } = await folder.run(['update', ...args, ...faults])
    return JSON.parse(stdout).outcomes.rejected
  }

  it('plays faults in a rehearsal, the same ones for the same seed', async () => {
    const first = await rejectedWith('7')
    expect(first).toBeGreaterThan(0)
    expect(await rejectedWith('7')).toBe(first)
  })

  it.each([
    ['--faults', '500:2%'],
    ['--seed', '7'],
  ])('refuses %s where calls are real', async (option, value) => {
    const finished = await folder.run(['update', 'samples/crm-export.csv', option, value], {
      RAPYD_ACCESS_KEY: 'key',
      RAPYD_SECRET_KEY: 'key',
    })
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining(`E_SIMULATOR_ONLY`) })
  })

  it.each([
    ['--faults', 'nonsense', 'E_FAULTS'],
    ['--seed', '1.5', 'E_OPTION_SEED'],
  ])('refuses %s %s', async (option, value, code) => {
    const finished = await folder.run([
      'update',
      'samples/crm-export.csv',
      '--env',
      'simulator',
      option,
      value,
    ])
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining(code) })
  })
})

/** Starts the command and waits until it serves. */
async function startServer(
  folder: Folder,
  flags: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Served & { readonly stop: () => Promise<Finished> }> {
  const server = folder.start(['simulator', ...flags.split(' ')], env)
  await new Promise<void>((ready) => {
    server.onStderr((text) => {
      if (text.includes('ready')) ready()
    })
  })
  const stop = () => {
    server.kill('SIGTERM')
    return server.finished
  }
  onTestFinished(async () => void (await stop()))
  const printed = (name: string) => new RegExp(`${name}=(\\S+)`).exec(server.stdout())?.[1] ?? ''
  return {
    url: printed('RAPYD_BASE_URL'),
    accessKey: printed('RAPYD_ACCESS_KEY'),
    secretKey: printed('RAPYD_SECRET_KEY'),
    stop,
  }
}

describe('the simulator as a server', () => {
  it('takes its port and keys, plays its faults, replays answers by key, and ends with a signal', async () => {
    const folder = freshFolder()
    folder.write('crm.csv', `customer,name\ncus_${'1'.padStart(32, '0')},A\n`)
    const keys = { RAPYD_ACCESS_KEY: 'own-access', RAPYD_SECRET_KEY: 'own-secret' }
    const { stop, url } = await startServer(
      folder,
      '--port 0 --rate 50/1s --latency 1 --idempotency all-post --faults 500-kept/post@1 --seed 3',
      keys,
    )
    const args = ['update', 'crm.csv', '--rate', '50/1s', '--finish-by', '23:59', '--json']
    const updated = await folder.run(args, { ...keys, RAPYD_BASE_URL: url })
    const ended = await stop()
    folder.remove()
    // The first answer was an error that the server keeps for its key: the same key gets it again.
    expect(JSON.parse(updated.stdout)).toMatchObject({
      outcomes: { unknown: 1 },
      errors: [{ code: 'E_SERVER_REPLAYED' }],
    })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toBe(`export RAPYD_BASE_URL=${url}\n`)
    expect(ended.stderr).toContain('It takes the keys of the environment.')
  })

  it.each(['RAPYD_ACCESS_KEY', 'RAPYD_SECRET_KEY'])('takes %s only with the other key', async (name) => {
    const folder = freshFolder()
    const server = folder.start(['simulator'], { [name]: 'key-of-the-user' })
    await new Promise<void>((ready) => {
      server.onStderr((text) => {
        if (text.includes('ready')) ready()
      })
    })
    server.kill('SIGTERM')
    const { code, stdout, stderr } = await server.finished
    folder.remove()
    expect(code).toBe(0)
    expect(stdout).toMatch(/^export RAPYD_ACCESS_KEY=rak_[0-9a-f]+ RAPYD_SECRET_KEY=rsk_[0-9a-f]+\n/)
    expect(stdout + stderr).not.toContain('key-of-the-user')
    expect(stderr).toContain('Only one of the two keys is set, so the simulator takes neither.')
    expect(stderr).toContain('These keys open nothing else.')
  })
})

const path = '/v1/customers/cus_1'

describe('the switches of the simulator', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
  })
  afterEach(() => folder.remove())

  const address = { name: 'Home', line_1: '1 Main Street' }
  const patches = [
    { metadata: { a: 1 }, addresses: [address], coupon: 'SPRING', description: 'first' },
    { metadata: { b: 2 }, addresses: [address] },
    { coupon: '', description: 'second' },
    { description: '' },
  ]
  const kept = { discount: { coupon: { id: 'SPRING' } } }
  it.each([
    [
      '--metadata merge --addresses append --blank-coupon clears --blanks clear',
      { metadata: { a: 1, b: 2 }, addresses: [address, address], discount: null, description: '' },
    ],
    [
      '--metadata replace --addresses replace --blank-coupon ignored',
      { metadata: { b: 2 }, addresses: [address], ...kept, description: '' },
    ],
    ['--blank-coupon refused', { ...kept, description: '' }],
    ['--blanks ignore', { ...kept, description: 'second' }],
  ])('with %s updates do what it says', async (flags, held) => {
    const served = await startServer(folder, flags)
    const answers = []
    for (const patch of patches) answers.push(verdict(await call(served, 'POST', path, patch)))
    expect(answers[2]).toBe(flags.includes('refused') ? '400 ERROR_GET_COUPON' : '200')
    expect(customerOf(await call(served, 'GET', path))).toMatchObject(held)
  })

  const rewritten = { signed: '{"name":"José"}' }
  const old = { age: 200 }
  it.each<readonly [flags: string, body: string, signing: Sent, status: number]>([
    ['--signature reserialised', '{"name": "José"}', rewritten, 200],
    ['--signature raw', '{"name": "José"}', rewritten, 401],
    ['--signature raw', '{"name":"Jos\\u00e9"}', {}, 200],
    ['--signature reserialised', '{"name":"Jos\\u00e9"}', {}, 401],
    ['--signature either', '{"name": "José"}', rewritten, 200],
    ['--signature either', '{"name":"Jos\\u00e9"}', {}, 200],
    ['--timestamps measured', '', old, 200],
    ['--timestamps documented', '', old, 401],
    ['--max-body 12', '{"name":"A"}', {}, 200],
    ['--max-body 12', '{"name":"AB"}', {}, 413],
  ])('with %s the body %s, signed as %j, is answered %i', async (flags, body, signing, status) => {
    const served = await startServer(folder, flags)
    expect((await call(served, 'POST', path, body, signing)).status).toBe(status)
  })

  it.each([
    ['html', 'text/html'],
    ['json', 'application/json'],
  ])('with --limit-body %s a 429 is %s', async (form, type) => {
    const served = await startServer(folder, `--limit-body ${form} --rate 1/1m`)
    await call(served, 'GET', path)
    const { status, type: got } = await call(served, 'GET', path)
    expect([status, got]).toEqual([429, `${type}; charset=utf-8`])
  })

  it.each([
    ['a JSON array', '[{"id":"cus_1","name":"Ann"},\n{"id":"cus_2"}]'],
    ['one JSON object per line', '\uFEFF{"id":"cus_1","name":"Ann"}\r\n\r\n{"id":"cus_2"}\r\n'],
  ])('with --customers there are only those of a file with %s', async (_form, text) => {
    folder.write('customers.json', text)
    const served = await startServer(folder, '--customers customers.json')
    expect(customerOf(await call(served, 'GET', path))).toMatchObject({ name: 'Ann', email: '' })
    expect(verdict(await call(served, 'GET', '/v1/customers/cus_2'))).toBe('200')
    expect(verdict(await call(served, 'POST', '/v1/customers/cus_3', { name: 'A' }))).toBe(
      '400 INVALID_CUSTOMER_ID',
    )
  })

  it.each([
    ['', 'holds no customer'],
    ['{"id":"cus_1"}\n{"name":"Ann"}\n', 'entry 2'],
    ['{"id":"cus_1"}\n{"id":\n', 'entry 2'],
    ['["cus_1"]', 'entry 1'],
    ['[{"id":"cus_1"},{"id":"cus_1"}]', 'holds cus_1 twice, again in entry 2'],
  ])('refuses the customers %j: %s', async (text, where) => {
    folder.write('customers.json', text)
    const refused = await folder.run(['simulator', '--customers', 'customers.json'])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_SIMULATOR_FILE]') })
    expect(refused.stderr).toContain(where)
  })

  it('refuses customers that it cannot read, and webhooks to others', async () => {
    const absent = await folder.run(['simulator', '--customers', 'absent.json'])
    expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_SIMULATOR_FILE]') })
    const stranger = await folder.run(['simulator', '--webhook-url', 'https://example.com/hooks'])
    expect(stranger).toMatchObject({ code: 2, stderr: expect.stringContaining('--allow-host example.com') })
    expect(stranger.stderr).toContain('[E_WEBHOOK_URL]')
  })

  it('sends N webhooks for N rows', async () => {
    const names: string[] = []
    const receiver = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => (body += String(part)))
      request.on('end', () => {
        const { type, data } = JSON.parse(body)
        names.push(`${type} ${data.name}`)
        response.end()
      })
    })
    await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening))
    const to = receiver.address()
    const port = typeof to === 'object' ? to?.port : undefined
    const served = await startServer(folder, `--rate none --webhook-url http://127.0.0.1:${port}/hooks`)
    const rows = ['A', 'B', 'C'].map((name, at) => `cus_${String(at).padStart(32, '0')},${name}\n`)
    folder.write('crm.csv', `customer,name\n${rows.join('')}`)
    const { code } = await folder.run(['update', 'crm.csv', '--rate', 'none'], {
      RAPYD_BASE_URL: served.url,
      RAPYD_ACCESS_KEY: served.accessKey,
      RAPYD_SECRET_KEY: served.secretKey,
    })
    await expect.poll(() => names.length, soon).toBe(3)
    expect([code, names.toSorted()]).toEqual([
      0,
      ['CUSTOMER_UPDATED A', 'CUSTOMER_UPDATED B', 'CUSTOMER_UPDATED C'],
    ])
    receiver.closeAllConnections()
    receiver.close()
  })

  it('says at the end how many webhooks nobody took', async () => {
    const closed = createServer()
    await new Promise<void>((listening) => closed.listen(0, '127.0.0.1', listening))
    const to = closed.address()
    const url = `http://127.0.0.1:${typeof to === 'object' ? to?.port : undefined}/`
    await new Promise((done) => closed.close(done))
    const served = await startServer(folder, `--webhook-url ${url}`)
    await call(served, 'POST', path, { name: 'A' })
    expect((await served.stop()).stderr).toContain('Webhooks that were not delivered: 1.\n')
  })

  it('logs each request in one line on a terminal, and nowhere else', async () => {
    const terminal = { NODE_OPTIONS: '--import data:text/javascript,process.stderr.isTTY=true' }
    const logs = [terminal, {}].map(async (env) => {
      const served = await startServer(folder, '--faults 500@3,reset-after@4', env)
      await call(served, 'POST', path, { name: 'A' })
      await call(served, 'POST', path, { email: 'x' })
      await call(served, 'GET', path)
      await call(served, 'POST', path, { name: 'B' }).catch(() => undefined)
      const { stderr } = await served.stop()
      return stderr.split('\n').filter((line) => line.includes('/v1/'))
    })
    const [shown = [], elsewhere] = await Promise.all(logs)
    expect(shown.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))).toEqual([
      'POST /v1/customers/cus_1 200',
      'POST /v1/customers/cus_1 400 INVALID_CUSTOMER_EMAIL',
      'GET /v1/customers/cus_1 500 500',
      'POST /v1/customers/cus_1 no answer reset-after',
    ])
    expect(elsewhere).toEqual([])
  })

  it('lists in its help each fault that a mistyped one is told of', async () => {
    const { stderr } = await folder.run(['simulator', '--faults', 'nonsense'])
    const names = /Faults: (.*)\.\n/.exec(stderr)?.[1]?.split(', ') ?? []
    const { stdout } = await folder.run(['simulator', '--help'])
    expect(names.length).toBeGreaterThan(30)
    expect(names.filter((name) => !new RegExp(`^  ${name} +\\w`, 'm').test(stdout))).toEqual([])
  })
})
