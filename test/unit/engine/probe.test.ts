import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { finishProbe, probeCustomer, type ProbeParts } from '../../../src/engine/probe.ts'
import { openRemote } from '../../../src/engine/remote.ts'
import { resolveOptions } from '../../../src/config/job-options.ts'
import type { Run, Store } from '../../../src/model/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { freshFolder, type Folder } from '../../acceptance/support/command.ts'
import { envelope, startRapydServer, type RapydServer } from '../../acceptance/support/rapyd-server.ts'

const customer = `cus_${'1'.padStart(32, '0')}`
const metadata = { tier: 'silver', region: 'eu', nested: { a: [1, 2] } }

let folder: Folder
let server: RapydServer

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
  server.put(customer, { metadata })
})
afterEach(async () => {
  await server.close()
  folder.remove()
})

class Crash extends Error {}

/** Wraps what is durable, so that a probe dies before or after its n-th step, and does nothing more then. */
function createCrash(at: number, side: 'before' | 'after') {
  let steps = 0
  let isDead = false
  async function step<Result>(action: () => Promise<Result> | undefined): Promise<Result | undefined> {
    if (isDead) throw new Crash()
    const isHit = ++steps === at
    if (isHit && side === 'before') isDead = true
    if (isDead) throw new Crash()
    const result = await action()
    if (isHit) isDead = true
    if (isDead) throw new Crash()
    return result
  }
  const around = <Of extends object>(target: Of, names: readonly string[]): Of =>
    new Proxy(target, {
      get(of, name, receiver) {
        const found: unknown = Reflect.get(of, name, receiver === of ? receiver : of)
        if (typeof found !== 'function' || !names.includes(String(name))) return found
        return (...given: readonly unknown[]) => step(() => Reflect.apply(found, of, given))
      },
    })
  return {
    get hasHit() {
      return isDead
    },
    die: () => void (isDead = true),
    wrap: (store: Store): Store =>
      around(
        {
          ...store,
          openRun: async (...given: Parameters<Store['openRun']>) =>
            around<Run>(await store.openRun(...given), [
              'setNote',
              'recordIntent',
              'cancelIntents',
              'recordOutcome',
              'finish',
            ]),
        },
        ['keepFact', 'deleteRun'],
      ),
  }
}

/** Calls `action` with all that a probe needs; the store is opened for it. */
async function withParts<Result>(
  action: (parts: ProbeParts) => Promise<Result>,
  wrap: (store: Store) => Store = (store) => store,
): Promise<Result> {
  const options = resolveOptions({
    baseUrl: server.url,
    accessKey: server.keys.RAPYD_ACCESS_KEY,
    secretKey: server.keys.RAPYD_SECRET_KEY,
    rate: 'none',
    settleAfterMs: 40,
  })
  const remote = await openRemote(options)
  const store = await openSqliteStore(join(folder.path, 'store.db'))
  const { signal } = new AbortController()
  try {
    return await action({ store: wrap(store), remote, options, signal, notify() {} })
  } finally {
    await store.close()
  }
}

const fact = () =>
  withParts(async ({ store, remote }) => (await store.accountFact(remote, 'metadata'))?.value)
const isLeft = () => withParts(async ({ store }) => (await store.runs({ kind: 'probe' })).length > 0)

const behaviours = {
  replace: (patch: Readonly<Record<string, unknown>>) => patch,
  merge: (patch: Readonly<Record<string, unknown>>) => ({
    metadata: { ...Object(server.customer(customer)['metadata']), ...Object(patch['metadata']) },
  }),
}

describe.each(['replace', 'merge'] as const)('where Rapyd would %s metadata, a probe', (behaviour) => {
  beforeEach(() => void (server.take = behaviours[behaviour]))

  it('finds it out, keeps it for the account, and leaves the customer as it was', async () => {
    expect(await withParts((parts) => probeCustomer(parts, customer))).toBe(behaviour)
    expect(server.customer(customer)['metadata']).toEqual(metadata)
    expect(await fact()).toBe(behaviour)
    expect(await isLeft()).toBe(false)
    expect(server.updates.map(({ body }) => body)).toEqual([
      '{"metadata":{"tier":"silver"}}',
      ...(behaviour === 'replace' ? [JSON.stringify({ metadata })] : []),
    ])
  })

  it.each(['before', 'after'] as const)(
    'that dies %s any of its durable steps is finished by the next start',
    async (side) => {
      for (let step = 1; ; step++) {
        const crash = createCrash(step, side)
        const died = withParts((parts) => probeCustomer(parts, customer), crash.wrap)
        if (
          !(await died.then(
            () => false,
            () => crash.hasHit,
          ))
        ) {
          expect(step).toBeGreaterThan(5)
          break
        }
        await withParts(finishProbe)
        expect(server.customer(customer)['metadata'], `step ${step}`).toEqual(metadata)
        expect([undefined, behaviour]).toContain(await fact())
        expect(await isLeft()).toBe(false)
      }
    },
    60_000,
  )

  it.each(['cut_before', 'cut_after', 'late'] as const)(
    'that dies with a request on its way (%s) is finished by the next start',
    async (fate) => {
      for (const nth of behaviour === 'replace' ? [1, 2] : [1]) {
        const crash = createCrash(0, 'before')
        let updates = 0
        server.answer = () => {
          if (++updates !== nth) return undefined
          crash.die()
          return fate
        }
        await expect(withParts((parts) => probeCustomer(parts, customer), crash.wrap)).rejects.toThrow()
        server.answer = () => undefined
        // What is late is applied after half a second.
        await withParts((parts) =>
          finishProbe({ ...parts, options: { ...parts.options, settleAfterMs: 700 } }),
        )
        expect(server.customer(customer)['metadata'], `update ${nth}`).toEqual(metadata)
        expect(await isLeft()).toBe(false)
        expect([undefined, behaviour]).toContain(await fact())
      }
    },
    60_000,
  )

  it('whose request has no answer waits, reads, and sends it again', async () => {
    let updates = 0
    server.answer = () => (++updates === 1 ? 'cut_after' : undefined)
    expect(await withParts((parts) => probeCustomer(parts, customer))).toBe(behaviour)
    expect(server.customer(customer)['metadata']).toEqual(metadata)
  })
})

describe('a probe', () => {
  it('that is refused has found nothing, and leaves nothing behind', async () => {
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') })
    await expect(withParts((parts) => probeCustomer(parts, customer))).rejects.toThrow('nothing was seen')
    expect(await fact()).toBeUndefined()
    expect(await isLeft()).toBe(false)
  })

  it('that cannot write back says what is missing, and the next start does it', async () => {
    let updates = 0
    server.answer = () =>
      ++updates > 1 ? { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') } : undefined
    await expect(withParts((parts) => probeCustomer(parts, customer))).rejects.toThrow('lacks region, nested')
    expect(await isLeft()).toBe(true)
    server.answer = () => undefined
    await withParts(finishProbe)
    expect(server.customer(customer)['metadata']).toEqual(metadata)
    expect(await fact()).toBe('replace')
  })

  it('writes back what is gone, under what others have written meanwhile', async () => {
    server.answer = ({ body }) => {
      if (body === '{"metadata":{"tier":"silver"}}')
        setImmediate(() => server.put(customer, { metadata: { tier: 'silver', region: 'us' } }))
      return undefined
    }
    expect(await withParts((parts) => probeCustomer(parts, customer))).toBe('replace')
    expect(server.customer(customer)['metadata']).toEqual({ ...metadata, region: 'us' })
  })

  it.each([
    ['{"tier":"silver"}', 'fewer than two keys'],
    ['{"tier":"","region":""}', 'fewer than two keys'],
    ['{"tier":"silver","size":1.50}', 'metadata.size'],
  ])('sends nothing to a customer with %s', async (held, message) => {
    const body = envelope('SUCCESS', '', '*').replace('"*"', `{"id":"${customer}","metadata":${held}}`)
    server.answerRead = (id) => (id === customer ? { status: 200, body } : undefined)
    await expect(withParts((parts) => probeCustomer(parts, customer))).rejects.toThrow(message)
    expect(server.updates).toEqual([])
    expect(await isLeft()).toBe(false)
  })
})
