/** What the state holds after each fate that a call can have, and with a clock that goes wrong. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConfirmedFields, Outcome, OutcomeKind } from '../../../src/model/outcome.ts'
import type { UpdateRequest } from '../../../src/model/row.ts'
import { createFieldDigests } from '../../../src/rapyd/field-digests.ts'
import { createUpdateRequest } from '../../../src/rapyd/requests.ts'
import { openOutcome } from '../../../src/engine/all-outcomes.ts'
import { openSyncState } from '../../../src/store/sync-state.ts'
import type { SyncState } from '../../../src/store/sync-state.ts'
import { createSyncSending } from '../../../src/engine/only-changed.ts'

const identity = { host: 'sandboxapi.rapyd.net', runId: 'crm-1' }
const digests = createFieldDigests('secret')
const customerId = 'cus_1'

const requestOf = createUpdateRequest(identity)
const rowWith = (name: string, row = 1): UpdateRequest =>
  requestOf({
    row,
    line: row + 1,
    offset: 0,
    length: 0,
    customerId,
    patch: { name, email: 'a@example.com' },
    fields: ['name', 'email'],
    cleared: [],
  })

let directory: string
let state: SyncState
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-sync-'))
  state = openSyncState(directory, { host: identity.host, account: 'account', keyCheck: digests.keyCheck }, 1)
})
afterEach(() => {
  state.close()
  rmSync(directory, { recursive: true })
})

/** Milliseconds since 1970. */
let now: number

/** Sends one row at a time of day, and gives the body that was sent; '' where nothing was. `during`: while it is at the server. */
async function sendAt(
  at: number,
  request: UpdateRequest,
  fate: Partial<Outcome> & { outcome: OutcomeKind },
  during: () => void | Promise<unknown> = () => {},
) {
  now = at
  const sending = createSyncSending({
    sync: {
      state,
      digests,
      beginning: 'known',
      isOnlyChanged: true,
      isSyncRun: true,
      exportName: 'crm',
      close() {},
    },
    journal: {
      get: () => undefined,
      note() {},
      intend: () => Promise.resolve(),
      sent: () => undefined,
      inDoubt: new Map(),
      isInDoubt: () => false,
    },
    identity,
    clock: { wall: () => now, sleep: () => Promise.resolve() },
    wholeRows: false,
  })
  let body = ''
  const deliver = sending.around(
    async (sent) => {
      body = sent.body
      if (fate.outcome !== 'not_attempted') await sending.intend(sent)
      await during()
      return {
        ...openOutcome(sent, { code: 'E_STOPPED', message: '' }),
        finishedAt: now,
        ...fate,
      }
    },
    { read: undefined, isInDoubt: () => false, settleAfterMs: 0 },
  )
  const outcome = await deliver(request, new AbortController().signal)
  const confirmed = outcome === undefined ? undefined : sending.confirmedBy(outcome)
  if (confirmed !== undefined) await sending.settled(confirmed)
  return body
}

describe('what is known after a call', () => {
  it('that was confirmed is what it sent, and only what differs is sent next', async () => {
    await sendAt(1, rowWith('A'), { outcome: 'updated' })
    expect(await sendAt(2, rowWith('A'), { outcome: 'updated' })).toBe('')
    expect(await sendAt(3, rowWith('B'), { outcome: 'updated' })).toBe('{"name":"B"}')
    expect(await sendAt(4, rowWith('B'), { outcome: 'updated' })).toBe('')
  })

  it.each([
    ['that was refused is what it was', { outcome: 'rejected', httpStatus: 400 }, ''],
    ['that never got through is what it was', { outcome: 'failed' }, ''],
    ['that may have been applied is not known', { outcome: 'unknown' }, '{"name":"A"}'],
    ['that failed on the other side is not known', { outcome: 'rejected', httpStatus: 500 }, '{"name":"A"}'],
    [
      'whose customer others have changed is not known',
      { outcome: 'invalid', errorCode: 'E_CHANGED_SINCE' },
      '{"name":"A"}',
    ],
  ] as const)('%s', async (_, fate, expected) => {
    await sendAt(1, rowWith('A'), { outcome: 'updated' })
    await sendAt(2, rowWith('B'), fate)
    expect(await sendAt(3, rowWith('A'), { outcome: 'updated' })).toBe(expected)
  })

  it('is newer than what was known, also where the clock was put back', async () => {
    await sendAt(1_000, rowWith('A'), { outcome: 'updated' })
    await sendAt(10, rowWith('B'), { outcome: 'updated' })
    expect(await sendAt(20, rowWith('A'), { outcome: 'unknown' })).toBe('{"name":"A"}')
    expect(await sendAt(30, rowWith('B'), { outcome: 'updated' })).toBe('{"name":"B"}')
  })

  it('that waits for its turn is what it was, until that has come', async () => {
    await sendAt(1, rowWith('A'), { outcome: 'updated' })
    const before = state.known(customerId)
    await sendAt(2, rowWith('B'), { outcome: 'not_attempted' }, () =>
      expect(state.known(customerId)).toEqual(before),
    )
    await sendAt(3, rowWith('B'), { outcome: 'failed' }, () =>
      expect(Object.keys(state.known(customerId).digests)).toEqual(['email']),
    )
    expect(await sendAt(4, rowWith('A'), { outcome: 'updated' })).toBe('')
  })

  it('with a doubt stays a doubt where another run has confirmed something meanwhile', async () => {
    await sendAt(1, rowWith('A'), { outcome: 'updated' })
    await sendAt(100, rowWith('B'), { outcome: 'unknown' }, () => {
      state.confirmAll([{ customerId, digests: digests.of(customerId, rowWith('A').body), at: 150 }])
      now = 160
    })
    expect(await sendAt(200, rowWith('A'), { outcome: 'updated' })).toContain('"name":"A"')
  })

  it.each([
    ['was answered first', 130, 160, 'B'],
    ['is answered last', 120, 110, 'C'],
  ])('that overlaps with one of another run, which %s, is not known', async (_, otherEnd, ownEnd, name) => {
    await sendAt(1, rowWith('A'), { outcome: 'updated' })
    await sendAt(100, rowWith('B'), { outcome: 'updated', finishedAt: ownEnd }, () =>
      sendAt(105, rowWith('C'), { outcome: 'updated', finishedAt: otherEnd }),
    )
    expect(await sendAt(200, rowWith(name), { outcome: 'updated' })).toBe(`{"name":"${name}"}`)
    expect(await sendAt(300, rowWith(name), { outcome: 'updated' })).toBe('')
  })

  it.each([
    ['overlap', 150, '{"name":"B"}'],
    ['follow each other', 100, ''],
  ])('is what the journals of two runs tell in any order, where their calls %s', async (_, end, expected) => {
    const told = (name: string, since: number, at: number): ConfirmedFields => {
      return { customerId, digests: digests.of(customerId, rowWith(name).body), since, at }
    }
    state.confirmAll([told('B', 110, 200), told('A', 50, end)])
    expect(await sendAt(300, rowWith('B'), { outcome: 'unknown' })).toBe(expected)
  })
})
