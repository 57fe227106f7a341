import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import type { UpdateRequest } from '../../../src/model/row.ts'
import type { Send } from '../../../src/model/ports.ts'
import { unsentOutcome } from '../../../src/engine/all-outcomes.ts'
import { createPreRead, type PreReadParts } from '../../../src/engine/pre-read.ts'
import { createSharedRead } from '../../../src/engine/shared-read.ts'
import { customerId, updateOf } from '../../support/rig.ts'
import type { CustomerReading } from '../../../src/http/ports.ts'

const found: CustomerReading = {
  kind: 'found',
  customer: { id: customerId, name: 'Old', email: 'e', other: 1, discount: null },
}
const unreadable: CustomerReading = { kind: 'unreadable', code: 'E_SERVER', status: 500 }
const missing: CustomerReading = { kind: 'missing', code: 'E_CUSTOMER_NOT_FOUND', status: 400 }

const unasked = () => Promise.reject(new Error('no precondition to check'))

/** What happens to a row whose customer reads so, in its order. */
async function look(
  reading: CustomerReading | Error,
  parts: Partial<PreReadParts> & { readonly hasImage?: boolean } = {},
) {
  const events: string[] = []
  const images = {
    hasBeforeImage: () => Promise.resolve(parts.hasImage ?? false),
    async saveBeforeImage({ body }: { readonly body: string }, image: JsonObject | undefined) {
      // Longer than any chain of promises.
      await turn()
      events.push(`kept ${JSON.stringify(image)} ${body}`)
    },
  }
  const stop = new AbortController()
  const deliver: Send = (request: UpdateRequest) => {
    events.push(`sent ${request.body}`)
    const known = unsentOutcome(request, { code: 'E_STOPPED', message: '' })
    return Promise.resolve({ ...known, outcome: 'updated', errorCode: '' })
  }
  const read = () => {
    if (!(reading instanceof Error)) return Promise.resolve(reading)
    stop.abort(reading)
    return Promise.reject(reading)
  }
  const step = createPreRead({
    shared: createSharedRead(read, { now: () => 0 }),
    clock: { wall: () => 5 },
    images,
    fields: new Set(['name', 'coupon']),
    precondition: undefined,
    isInDoubt: () => false,
    untilSettled: () => Promise.resolve(),
    identity: { host: 'host', runId: 'run' },
    sendsAllKeys: false,
    intendedBody: () => undefined,
    isPartial: () => false,
    onMissing() {},
    ...parts,
  })
  const looked = step.wrap(deliver)
  return { outcome: await looked(updateOf({ name: 'New' }), stop.signal), events }
}

describe('a look before a call', () => {
  const waits: string[] = []
  it('keeps what the customer holds in the fields of the file, before the row is sent', async () => {
    const { outcome, events } = await look(found)
    expect(events).toEqual(['kept {"name":"Old","coupon":""} {"name":"New"}', 'sent {"name":"New"}'])
    expect(outcome).toMatchObject({ outcome: 'updated' })
  })

  it('sends nothing to a customer that cannot be read', async () => {
    expect(await look(unreadable)).toMatchObject({
      outcome: { outcome: 'failed', errorCode: 'E_SERVER', httpStatus: 500 },
      events: [],
    })
  })

  it('leaves a row in doubt to the sender, which looks as well, where what the customer held is kept', async () => {
    const { events } = await look(unreadable, {
      isInDoubt: () => true,
      hasImage: true,
      precondition: unasked,
    })
    expect(events).toEqual(['sent {"name":"New"}'])
    expect(
      (await look(unreadable, { isInDoubt: () => true, images: undefined, precondition: unasked })).events,
    ).toEqual(events)
  })

  it('leaves a row of another run in doubt where there would be no way back from it', async () => {
    expect(await look(unreadable, { isInDoubt: () => true })).toMatchObject({
      outcome: { outcome: 'unknown', errorCode: 'E_IN_DOUBT', httpStatus: 500 },
      events: [],
    })
  })

  it('checks a precondition only when nothing sent before can be applied any more', async () => {
    const { events } = await look(found, {
      untilSettled: () => Promise.resolve(void waits.push('waited')),
      precondition: ({ request }) => {
        waits.push('checked')
        return Promise.resolve({ request })
      },
    })
    expect(waits).toEqual(['waited', 'checked'])
    expect(events).toContain('sent {"name":"New"}')
  })

  it('lets Rapyd refuse a customer that it does not know', async () => {
    expect((await look(missing)).events).toEqual(['kept undefined {"name":"New"}', 'sent {"name":"New"}'])
  })

  it('keeps what is written, and reads nothing, where the image is kept already', async () => {
    expect((await look(unreadable, { hasImage: true })).events).toEqual([
      'kept undefined {"name":"New"}',
      'sent {"name":"New"}',
    ])
  })

  it('leaves the row open where the run is stopped meanwhile', async () => {
    expect(await look(new Error('stop'))).toMatchObject({ outcome: undefined, events: [] })
  })

  it('sends what the precondition makes of the row, and says what was left out', async () => {
    const leftOut = { errorCode: 'E_CHANGED_SINCE', errorField: 'email', message: 'kept' } as const
    const request = updateOf({ name: 'Less' })
    const { outcome, events } = await look(found, {
      precondition: () => Promise.resolve({ request, leftOut }),
    })
    expect(events.at(-1)).toBe('sent {"name":"Less"}')
    expect(outcome).toMatchObject({ outcome: 'updated', ...leftOut })
  })
})
