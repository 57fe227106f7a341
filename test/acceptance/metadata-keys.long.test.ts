/** Metadata is never lost, whether Rapyd merges it or replaces it: `--metadata-keys`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const idOf = (number: number): string => `cus_${String(number).padStart(32, '0')}`
const id = idOf(1)

let folder: Folder
let server: RapydServer

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
})
afterEach(async () => {
  await server.close()
  folder.remove()
})

const given = (...options: readonly string[]): readonly string[] => ['--base-url', server.url, ...options]

const update = (rows: readonly object[], ...options: readonly string[]): Promise<Finished> => {
  folder.write('in.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return folder.run(
    ['update', 'in.ndjson', '--max-clears', '100%', ...given('--rate', 'none', '--json', ...options)],
    server.keys,
  )
}

/** What a customer of the server holds, whatever the commands do. */
const hold = (customer: string, metadata: object): void => server.put(customer, { metadata })

/** A server that merges metadata by key. */
const merge = (patch: Readonly<Record<string, unknown>>, held: Readonly<Record<string, unknown>>) =>
  'metadata' in patch
    ? { ...patch, metadata: { ...Object(held['metadata']), ...Object(patch['metadata']) } }
    : patch

describe.each(['replaces', 'merges'])('where Rapyd %s metadata', (behaviour) => {
  beforeEach(() => {
    if (behaviour === 'merges') server.take = merge
    hold(id, { tier: 'silver', region: 'eu', nested: { a: 1, b: 2 } })
  })

  it('a row keeps the keys that it does not name, also inside of objects', async () => {
    const { code, stderr } = await update([
      { customer: id, name: 'Jo', metadata: { tier: 'gold', nested: { a: 5 } } },
    ])
    expect(code, stderr).toBe(0)
    expect(server.customer(id)['metadata']).toEqual({ tier: 'gold', region: 'eu', nested: { a: 5, b: 2 } })
    expect(server.reads).toEqual([id])
    expect(stderr).toContain('1 row with metadata is read first: 2 calls instead of 1 (--metadata-keys all)')
  })

  it('a blank clears its key alone', async () => {
    await update([{ customer: id, metadata: { tier: '' } }])
    expect(server.customer(id)['metadata']).toEqual({ tier: '', region: 'eu', nested: { a: 1, b: 2 } })
  })

  it('the next row of a customer needs no other read, because the answer serves', async () => {
    const { code } = await update([
      { customer: id, metadata: { tier: 'gold' } },
      { customer: id, metadata: { region: 'us' } },
    ])
    expect(code).toBe(0)
    expect(server.customer(id)['metadata']).toMatchObject({ tier: 'gold', region: 'us' })
    expect(server.reads).toEqual([id])
  })

  it('a rollback restores the keys of the row, and leaves those that others have changed since', async () => {
    const { stdout } = await update(
      [{ customer: id, metadata: { tier: 'gold', nested: { a: 5 } } }],
      '--backup',
    )
    hold(id, { ...Object(server.customer(id)['metadata']), region: 'us', more: 1 })
    const run = String(JSON.parse(stdout).run_id)
    const back = await folder.run(['rollback', run, ...given('--rate', 'none')], server.keys)
    expect(back.code, back.stderr).toBe(0)
    expect(server.customer(id)['metadata']).toEqual({
      tier: 'silver',
      region: 'us',
      more: 1,
      nested: { a: 1, b: 2 },
    })
  })

  it('a plan is applied to the keys that the customer has then', async () => {
    folder.write('in.ndjson', `${JSON.stringify({ customer: id, metadata: { tier: 'gold' } })}\n`)
    await folder.run(['plan', 'in.ndjson', '--out', 'p.ndjson', ...given('--rate', 'none')], server.keys)
    hold(id, { tier: 'silver', region: 'us', more: 1 })
    const applied = await folder.run(
      ['apply', 'p.ndjson', '--verify', ...given('--rate', 'none')],
      server.keys,
    )
    expect(applied.code, applied.stderr).toBe(0)
    expect(server.customer(id)['metadata']).toEqual({ tier: 'gold', region: 'us', more: 1 })
  })
})

describe('--metadata-keys', () => {
  it('own sends only the keys of the row, and reads nothing', async () => {
    hold(id, { tier: 'silver', region: 'eu' })
    await update([{ customer: id, metadata: { tier: 'gold' } }], '--metadata-keys', 'own')
    expect(server.updates.map(({ body }) => body)).toEqual(['{"metadata":{"tier":"gold"}}'])
    expect(server.reads).toEqual([])
  })

  it('stays as the run began with it', async () => {
    const rows = [1, 2].map((number) => ({ customer: idOf(number), metadata: { tier: 'gold' } }))
    await update(rows, '--limit', '1')
    const other = await update(rows, '--metadata-keys', 'own')
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('E_OPTION_CONFLICT') })
    expect((await update(rows)).code).toBe(0)
    expect(server.reads).toEqual([idOf(1), idOf(2)])
  })
})

describe('a customer that cannot be read', () => {
  it('fails alone with E_METADATA_UNREAD, and nothing is sent to it', async () => {
    server.answerRead = (customer) =>
      customer === id ? { status: 403, body: envelope('ERROR', 'ERROR_FORBIDDEN') } : undefined
    const { code, stdout } = await update([
      { customer: id, metadata: { tier: 'gold' } },
      { customer: idOf(2), metadata: { tier: 'gold' } },
      { customer: idOf(3), name: 'Jo' },
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ outcomes: { updated: 2, failed: 1 } })
    expect(folder.report('errors.csv'.replace('csv', 'ndjson'))).toContain('E_METADATA_UNREAD')
    expect(server.updates.map((call) => call.id)).not.toContain(id)
  })

  it('is refused before anything is sent with --no-read-back, exit 2', async () => {
    const row = { customer: id, metadata: { tier: 'gold' } }
    const refused = await update([row], '--no-read-back')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('E_METADATA_UNREAD') })
    expect(server.updates).toEqual([])
    expect((await update([row], '--no-read-back', '--metadata-keys', 'own')).code).toBe(0)
    expect((await update([{ customer: id, name: 'Jo' }], '--no-read-back')).code).toBe(0)
  })

  it('is refused where Rapyd does not know it', async () => {
    server.answerRead = (customer) =>
      customer === id ? { status: 400, body: envelope('ERROR', 'ERROR_GET_CUSTOMER') } : undefined
    const { stdout } = await update([{ customer: id, metadata: { tier: 'gold' } }])
    expect(JSON.parse(stdout)).toMatchObject({
      outcomes: { rejected: 1 },
      errors: [{ code: 'E_CUSTOMER_NOT_FOUND' }],
    })
    expect(server.updates).toEqual([])
  })
})

describe('a number that would be written back changed', () => {
  it.each(['1.50', '9007199254740993', '{"deep":[1e30]}', '-0'])(
    'is refused as E_METADATA_NUMBER: %s',
    async (number) => {
      const customer = `{"id":"${id}","metadata":{"tier":"silver","size":${number}}}`
      server.answerRead = () => ({ status: 200, body: envelope('SUCCESS', '', '*').replace('"*"', customer) })
      const { code, stdout } = await update([{ customer: id, metadata: { tier: 'gold' } }])
      expect(code).toBe(1)
      expect(JSON.parse(stdout)).toMatchObject({
        outcomes: { invalid: 1 },
        errors: [{ code: 'E_METADATA_NUMBER', field: 'metadata.size' }],
      })
      expect(server.updates).toEqual([])
      // The row's own key takes its place.
      expect((await update([{ customer: id, metadata: { size: 2 } }])).code).toBe(0)
      expect((await update([{ customer: id, name: 'Jo' }])).code).toBe(0)
    },
  )
})

const night = (tier: string) => update([{ customer: id, metadata: { tier } }], '--only-changed', '--new-run')

describe('--only-changed', () => {
  it('does not send a row whose customer shows all its values when it is read, and knows them then', async () => {
    expect((await night('silver')).code).toBe(0)
    hold(id, { tier: 'gold', region: 'eu' })
    server.updates.length = server.reads.length = 0
    const { stdout } = await night('gold')
    expect(JSON.parse(stdout).outcomes).toMatchObject({ updated: 0, unchanged: 1 })
    expect([server.updates, server.reads]).toEqual([[], [id]])
    await night('gold')
    expect(server.reads).toEqual([id])
    // What was forgotten is sent whole.
    await folder.run(['state', 'forget', '--customer', id, ...given()], server.keys)
    await night('gold')
    expect(server.updates.map(({ body }) => body)).toEqual(['{"metadata":{"tier":"gold","region":"eu"}}'])
  })
})
