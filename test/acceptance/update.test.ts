import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const results = (folder: Folder): Record<string, string>[] =>
  parse(folder.report('results.csv'), { columns: true })

describe('update', () => {
  let folder: Folder
  let server: RapydServer
  const update = (args: readonly string[], env: Readonly<Record<string, string>> = server.keys) =>
    folder.run(['update', ...args, '--base-url', server.url], env)

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  it('applies every good row once, keeps the order of one customer, and accounts for every row', async () => {
    const rows = Array.from(
      { length: 300 },
      (_, index) => `${id(index % 100)},"Name ${index}, ""x""\nñ 東 😀",${index % 3 === 0 ? '' : 'text'}`,
    )
    rows[50] = `${id(50)},short`
    rows[60] = 'nobody,Name,text'
    folder.write('crm.csv', `\ufeffcustomer,name,description\r\n${rows.join('\r\n')}\r\n`)
    const { code, stdout, stderr } = await update(['crm.csv', '--rate', 'none'])
    expect(stderr).toContain('errors.csv')
    expect(code).toBe(1)
    expect(stdout).toContain('updated')
    expect(server.updates).toHaveLength(298)
    expect(server.customer(id(0))).toEqual({ name: 'Name 200, "x"\nñ 東 😀', description: 'text' })
    expect(server.customer(id(2))['name']).toBe('Name 202, "x"\nñ 東 😀')
    expect(new Set(server.updates.map((call) => call.idempotency)).size).toBe(298)
    const account = results(folder)
    expect(account.map((row) => Number(row['row']))).toEqual(
      Array.from({ length: 300 }, (_, index) => index + 1),
    )
    expect(account[50]).toMatchObject({ outcome: 'invalid', error_code: 'E_COLUMNS', line: '102' })
    expect(account[60]).toMatchObject({ outcome: 'invalid', error_code: 'E_ID' })
    expect(folder.report('errors.csv')).toContain(
      `\r\n"rapyd_bulk_raw: ${id(50)},short",,,51,invalid,E_COLUMNS,`,
    )
    expect(folder.report('results.csv')).not.toContain('Name')
  })

  it('sends nothing the second time, and says so', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    expect((await update(['crm.csv'])).code).toBe(0)
    const again = await update(['crm.csv'])
    expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/finished before.*\n$/) })
    expect(server.updates).toHaveLength(1)
  })

  it('says the second time as well what the first has left', async () => {
    folder.write('crm.csv', `customer,name\nnobody,Jo\n`)
    expect((await update(['crm.csv'])).code).toBe(1)
    const { code, stderr } = await update(['crm.csv'])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/finished before.*\n.*\nrapyd-bulk redo .*\n$/),
    })
  })

  it('goes on where a canary ended', async () => {
    folder.write(
      'crm.csv',
      `customer,name\n${Array.from({ length: 20 }, (_, n) => `${id(n)},N${n}`).join('\n')}\n`,
    )
    const canary = await update(['crm.csv', '--limit', '5'])
    expect(canary.stderr).toContain('without --limit, the same command goes on with the other 15 rows')
    expect(server.updates).toHaveLength(5)
    expect(results(folder).filter((row) => row['outcome'] === 'not_attempted')).toHaveLength(15)
    expect((await update(['crm.csv'])).code).toBe(0)
    // Rows of different customers may overtake each other.
    expect(server.updates.map((call) => call.id).sort()).toEqual(Array.from({ length: 20 }, (_, n) => id(n)))
  })

  it('leaves absent NDJSON keys alone and clears with null and the empty string', async () => {
    folder.write(
      'crm.ndjson',
      `{"customer":"${id(1)}","name":null,"email":""}\n{"customer":"${id(2)}","metadata":{"a":1}}\n{"customer":"${id(3)}","metadata":{"a":1.50}}\n`,
    )
    const { code } = await update(['crm.ndjson', '--max-clears', '100%'])
    expect(code).toBe(1)
    expect(server.updates.map((call) => call.body).sort()).toEqual([
      '{"metadata":{"a":1}}',
      '{"name":"","email":""}',
    ])
    expect(results(folder)[2]).toMatchObject({ outcome: 'invalid', error_code: 'E_NUMBER' })
  })

  it('sends a row again with the same key and a new salt when the connection breaks', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    let calls = 0
    server.answer = () => (++calls === 1 ? 'cut_before' : undefined)
    expect((await update(['crm.csv'])).code).toBe(0)
    const [first, second] = server.updates
    expect(second?.idempotency).toBe(first?.idempotency)
    expect(second?.salt).not.toBe(first?.salt)
  })

  it('reads the customer back before it sends a coupon or addresses again', async () => {
    folder.write('crm.csv', `customer,addresses[0].line_1\n${id(1)},Main 1\n`)
    server.answer = () => 'cut_after'
    expect((await update(['crm.csv'])).code).toBe(0)
    expect(server.updates).toHaveLength(1)
    expect(results(folder)[0]).toMatchObject({ outcome: 'updated', attempts: '1' })
  })

  it('takes a refusal as final, names its code and not its text', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n${id(2)},Jane\n`)
    server.answer = (call) =>
      call.id === id(1)
        ? { status: 400, body: envelope('ERROR', 'INVALID_CUSTOMER_ID', undefined, 'Jo is unknown') }
        : undefined
    expect((await update(['crm.csv'])).code).toBe(1)
    expect(server.updates).toHaveLength(2)
    expect(results(folder)[0]).toMatchObject({
      outcome: 'rejected',
      error_code: 'E_CUSTOMER_NOT_FOUND',
      attempts: '1',
    })
    expect(folder.report('results.csv') + folder.report('summary.json')).not.toContain('Jo')
  })

  it.each([
    ['no credentials', {}, [], 2, 'E_NO_CREDENTIALS'],
    ['a wrong key', { RAPYD_ACCESS_KEY: 'other', RAPYD_SECRET_KEY: 'other' }, [], 4, 'E_AUTH'],
    ['a key as an argument', undefined, [`rsk_${'a'.repeat(20)}`], 2, 'E_KEY_ARGUMENT'],
    ['an unknown option', undefined, ['--concurency', '4'], 2, 'E_USAGE'],
    ['an odd rate', undefined, ['--rate', 'fast'], 2, 'E_OPTION_RATE'],
  ])('refuses %s and sends nothing', async (_what, env, args, code, error) => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    const finished = await update(['crm.csv', ...args], env)
    expect(finished).toMatchObject({ code, stderr: expect.stringContaining(error) })
    expect(finished.stderr).not.toMatch(/rsk_|at .*\.ts/)
    expect(server.updates).toEqual([])
  })

  it.each([
    ['a missing file', undefined, 'E_INPUT_OPEN'],
    ['an empty file', '', 'E_EMPTY'],
    ['a file without an id column', 'name\nJo\n', 'E_HEADER_NO_ID'],
    ['a binary file', 'customer\0name\n', 'E_BINARY'],
    ['Latin-1', Buffer.from('customer,name\ncus_1,Jos\xe9\n', 'latin1'), 'E_ENCODING'],
    ['an unclosed quote', 'customer,name\ncus_1,"Jo\ncus_2,Jane\n', 'E_UNCLOSED_QUOTE'],
  ])('refuses %s with exit code 3', async (_what, text, error) => {
    if (text !== undefined) folder.write('crm.csv', text)
    expect(await update(['crm.csv'])).toMatchObject({ code: 3, stderr: expect.stringContaining(error) })
    expect(server.updates).toEqual([])
  })

  it('refuses to clear a column on most rows, until that is asked for', async () => {
    folder.write('crm.csv', `customer,name,email\n${id(1)},Jo,\n${id(2)},Jane,\n`)
    expect(await update(['crm.csv'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_MAX_CLEARS]'),
    })
    expect(server.updates).toEqual([])
    expect((await update(['crm.csv', '--max-clears', '100%'])).code).toBe(0)
  })

  it.each(['http://example.com', 'https://api.rapyd.net.example.com', 'https://api.rapyd.net@example.com'])(
    'refuses the host of %s',
    async (url) => {
      folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
      const finished = await folder.run(['update', 'crm.csv', '--base-url', url], server.keys)
      expect(finished.code).toBe(2)
    },
  )

  it('asks for production by host and number of rows', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    const finished = await folder.run(['update', 'crm.csv', '--env', 'production'], server.keys)
    expect(finished).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--confirm-production api.rapyd.net:1'),
    })
  })

  it('reads keys from files that only their owner can read', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    folder.write('access', `${server.keys.RAPYD_ACCESS_KEY}\n`)
    folder.write('secret', server.keys.RAPYD_SECRET_KEY)
    const env = {
      RAPYD_ACCESS_KEY_FILE: join(folder.path, 'access'),
      RAPYD_SECRET_KEY_FILE: join(folder.path, 'secret'),
    }
    chmodSync(env.RAPYD_ACCESS_KEY_FILE, 0o600)
    chmodSync(env.RAPYD_SECRET_KEY_FILE, 0o644)
    expect(await update(['crm.csv'], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_KEY_FILE]'),
    })
    chmodSync(env.RAPYD_SECRET_KEY_FILE, 0o600)
    expect((await update(['crm.csv'], env)).code).toBe(0)
  })
})
