/** Rows with metadata whose process is killed: what was sent is sent again, unless the customer has changed. Nothing is lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { createDice } from './support/nights.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

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

const merge = (patch: Readonly<Record<string, unknown>>, held: Readonly<Record<string, unknown>>) => ({
  ...patch,
  metadata: { ...Object(held['metadata']), ...Object(patch['metadata']) },
})
const metadataOf = (customer: string): Readonly<Record<string, unknown>> =>
  Object(server.customer(customer)['metadata'])

const args = ['update', 'in.ndjson', '--rate', 'none', '--concurrency', '4', '--json'] as const

/** Starts the update, and kills it when an update arrives for which `isFatal` is true. That one meets `fate`. */
async function killedAt(
  isFatal: (count: number) => boolean,
  fate: 'cut_before' | 'cut_after',
): Promise<void> {
  const started = folder.start([...args, '--base-url', server.url], server.keys)
  let count = 0
  server.answer = () => {
    if (!isFatal(++count)) return undefined
    server.answer = () => 'cut_before'
    started.kill('SIGKILL')
    return fate
  }
  await started.finished
  server.answer = () => undefined
}

const resumed = (): Promise<Finished> => folder.run([...args, '--base-url', server.url], server.keys)

describe.each(['replaces', 'merges'])('where Rapyd %s metadata, a row that was killed', (behaviour) => {
  beforeEach(() => {
    if (behaviour === 'merges') server.take = merge
    server.put(id, { metadata: { tier: 'silver', region: 'eu' } })
    folder.write('in.ndjson', `${JSON.stringify({ customer: id, metadata: { tier: 'gold' } })}\n`)
  })

  it('before it was applied is sent again with the same bytes and the same key', async () => {
    await killedAt(() => true, 'cut_before')
    const [first] = server.updates.splice(0)
    expect((await resumed()).code).toBe(0)
    expect(server.updates.map(({ body, idempotency }) => ({ body, idempotency }))).toEqual([
      { body: '{"metadata":{"tier":"gold","region":"eu"}}', idempotency: first?.idempotency },
    ])
  })

  it('before it was applied is made anew if others have changed the customer since', async () => {
    await killedAt(() => true, 'cut_before')
    const [first] = server.updates.splice(0)
    server.put(id, { metadata: { tier: 'silver', region: 'us', more: 1 } })
    expect((await resumed()).code).toBe(0)
    expect(metadataOf(id)).toEqual({ tier: 'gold', region: 'us', more: 1 })
    expect(server.updates.map(({ idempotency }) => idempotency)).not.toContain(first?.idempotency)
  })

  it('after it was applied is updated without another request, also if other keys have changed since', async () => {
    await killedAt(() => true, 'cut_after')
    server.updates.length = 0
    server.put(id, { metadata: { ...metadataOf(id), region: 'us' } })
    const { code, stdout } = await resumed()
    expect([code, JSON.parse(stdout).outcomes.updated]).toEqual([0, 1])
    expect(server.updates).toEqual([])
    expect(metadataOf(id)).toEqual({ tier: 'gold', region: 'us' })
  })
})

it.each(['replaces', 'merges'])(
  'a file that is killed again and again loses no key where Rapyd %s metadata',
  async (behaviour) => {
    if (behaviour === 'merges') server.take = merge
    const dice = createDice(behaviour.length)
    const customers = Array.from({ length: 12 }, (_, index) => idOf(index + 1))
    const rows = [...customers, ...customers].map((customer, index) => ({
      customer,
      metadata: index < customers.length ? { tier: `t${index}` } : { nested: { a: index } },
    }))
    folder.write('in.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    for (const customer of customers)
      server.put(customer, { metadata: { tier: 'old', kept: customer, nested: { a: 0, b: 1 } } })
    for (let kill = 0; kill < 6; kill++) {
      const at = 1 + dice.upTo(5)
      await killedAt((count) => count === at, dice.pick(['cut_before', 'cut_after']))
      const changed = dice.pick(customers)
      server.put(changed, { metadata: { ...metadataOf(changed), [`other${kill}`]: kill } })
    }
    const others = customers.map((customer) =>
      Object.keys(metadataOf(customer)).filter((key) => key.startsWith('other')),
    )
    expect(others.flat()).toHaveLength(6)
    const { code, stderr } = await resumed()
    expect(code, stderr).toBe(0)
    for (const [index, customer] of customers.entries()) {
      const held = metadataOf(customer)
      expect(held).toMatchObject({
        tier: `t${index}`,
        kept: customer,
        nested: { a: index + customers.length, b: 1 },
      })
      expect(Object.keys(held)).toEqual(expect.arrayContaining(others[index] ?? []))
    }
    expect(server.broken).toEqual([])
  },
  120_000,
)
