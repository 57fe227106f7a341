/** What the store knows after each fate that a call can have, and which fields are sent next. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { unsentOutcome } from '../../../src/engine/all-outcomes.ts'
import { createFieldStateSending, type FieldStateParts } from '../../../src/engine/only-changed.ts'
import { leftOutNote } from '../../../src/engine/record.ts'
import { createSharedRead } from '../../../src/engine/shared-read.ts'
import type { Patch, Outcome, OutcomeKind } from '../../../src/model/row.ts'
import type { FieldState, Run, Store } from '../../../src/model/store.ts'
import { createFieldDigests } from '../../../src/rapyd/field-digests.ts'
import { createUpdateRequest } from '../../../src/rapyd/requests.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { accountId, manifestOf, openOptions } from '../../support/stored-run.ts'
import type { CustomerReading } from '../../../src/http/ports.ts'

const digests = createFieldDigests('secret')
const owner = { ...accountId, keyCheck: digests.keyCheck }
const customerId = 'cus_1'
const running = new AbortController().signal

let directory: string
let store: Store
let state: FieldState
let run: Run
const opened: Run[] = []
let rows: number
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-fields-'))
  store = await openSqliteStore(join(directory, 'store.db'))
  state = store.fieldState(owner)
  run = await open('run')
  rows = 0
})
afterEach(async () => {
  vi.useRealTimers()
  for (const each of opened.splice(0)) await each.close()
  await store.close()
  rmSync(directory, { recursive: true })
})

async function open(id: string): Promise<Run> {
  const found = await store.openRun(manifestOf(id), { ...openOptions, fieldsOf: owner })
  opened.push(found)
  return found
}

async function reopen(): Promise<void> {
  await opened.splice(0)[0]?.close()
  run = await open('run')
}

type Fate = Partial<Outcome> & { readonly outcome: OutcomeKind }

interface Sending {
  readonly by?: Run
  readonly row?: number
  readonly patch?: Patch
  /** Paths of the patch. Default: its fields. */
  readonly fields?: readonly string[]
  /** While the request is at the server. */
  readonly during?: () => unknown
  readonly parts?: Partial<FieldStateParts>
  readonly isOnlyChanged?: boolean
  readonly reading?: CustomerReading
}

/** Sends a row, and returns the body that was sent; empty if nothing was. */
async function sendRow(patch: Patch, fate: Fate, sending: Omit<Sending, 'patch'> = {}): Promise<string> {
  const { by = run, row = ++rows, during, reading, isOnlyChanged = true } = sending
  const identity = { host: owner.host, runId: by.stored.id }
  const request = createUpdateRequest(identity)({
    row,
    line: row + 1,
    offset: 0,
    length: 0,
    customerId,
    patch,
    fields: sending.fields ?? Object.keys(patch),
    cleared: [],
  })
  const fieldStateSending = createFieldStateSending({
    fieldState: {
      accountId: owner,
      state,
      digests,
      isOnlyChanged,
      isExport: true,
      exportName: 'crm',
      isFirst: false,
      isNew: false,
      close: () => Promise.resolve(),
    },
    run: by,
    identity,
    clock: { wall: Date.now },
    wholeRows: false,
    read: reading && createSharedRead(() => Promise.resolve(reading), { now: () => 0 }),
    isInDoubt: (doubted) => by.inDoubt.has(doubted),
    untilSettled: () => Promise.resolve(),
    ...sending.parts,
  })
  let body = ''
  const deliver = fieldStateSending.around(async (sent) => {
    body = sent.body
    if (fate.outcome !== 'not_attempted') await by.recordIntent(sent, 0)
    await during?.()
    return { ...unsentOutcome(sent, { code: 'E_STOPPED', message: '' }), finishedAt: Date.now(), ...fate }
  })
  const outcome = await deliver(request, running)
  if (outcome !== undefined) await by.recordOutcome(outcome, fieldStateSending.effectsOf(outcome))
  return body
}

const updated = { outcome: 'updated' } as const
const found = (customer: object): CustomerReading => ({
  kind: 'found',
  customer: { id: customerId, ...customer },
})
const send = (name: string, fate: Fate = updated, sending: Sending = {}) =>
  sendRow({ name, email: 'a@example.com', ...sending.patch }, fate, sending)

describe('what is known after a call', () => {
  it('that was confirmed is what it sent, and only what differs is sent next', async () => {
    expect(await send('A')).toBe('{"name":"A","email":"a@example.com"}')
    expect(await send('A')).toBe('')
    expect(await send('B')).toBe('{"name":"B"}')
    expect(await send('B')).toBe('')
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
    [
      'whose customer has drifted is not known',
      { outcome: 'invalid', errorCode: 'E_DRIFTED' },
      '{"name":"A"}',
    ],
  ] as const)('%s', async (_, fate, expected) => {
    await send('A')
    await send('B', fate)
    expect(await send('A')).toBe(expected)
  })

  it('is newer than what was known before, also if the clock was put back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 })
    await send('A')
    vi.setSystemTime(1_700_000_000_000)
    await send('B')
    expect(await send('A', { outcome: 'unknown' })).toBe('{"name":"A"}')
    expect(await send('B')).toBe('{"name":"B"}')
  })

  it('that waits for its permit is what it was, until its intent is recorded', async () => {
    await send('A')
    const [before] = await state.get([customerId])
    const known = async () => (await state.get([customerId]))[0]?.digests
    await send(
      'B',
      { outcome: 'not_attempted' },
      { during: async () => expect(await known()).toEqual(before?.digests) },
    )
    await send(
      'B',
      { outcome: 'failed' },
      { during: async () => expect(Object.keys((await known()) ?? {})).toEqual(['email']) },
    )
    expect(await send('A')).toBe('')
  })

  it('of which only a part was written is not known: a precondition left keys of metadata out', async () => {
    const patch = { metadata: { a: '1', b: '2' } }
    const fields = ['metadata.a', 'metadata.b']
    await sendRow(patch, { ...updated, fields: 'metadata.a' }, { fields })
    expect(await sendRow(patch, updated, { fields })).toBe('{"metadata":{"a":"1","b":"2"}}')
    expect(await sendRow(patch, updated, { fields })).toBe('')
  })

  it('of another run that was under way meanwhile is not known, and is sent', async () => {
    const other = await open('other')
    await send('A')
    await send('B', updated, { during: () => send('C', updated, { by: other }) })
    expect(await send('B')).toBe('{"name":"B"}')
    expect(await send('B')).toBe('')
  })
})

describe('a row', () => {
  it('is sent whole with --whole-rows if one of its fields changed, and not at all if none did', async () => {
    const parts = { wholeRows: true }
    await send('A')
    expect(await send('B', updated, { parts })).toBe('{"name":"B","email":"a@example.com"}')
    expect(await send('B', updated, { parts })).toBe('')
  })

  it('is sent whole without --only-changed, and what it confirms is known all the same', async () => {
    await send('A')
    const always = { isOnlyChanged: false }
    expect(await send('A', updated, always)).toBe('{"name":"A","email":"a@example.com"}')
    expect(await send('B', updated, always)).toBe('{"name":"B","email":"a@example.com"}')
    expect(await send('B')).toBe('')
  })

  it('in doubt is sent with the fields of its intent, whatever is known now', async () => {
    await send('A')
    const crash = new Error('crash')
    const killed = send('B', updated, { row: 5, during: () => Promise.reject(crash) })
    await expect(killed).rejects.toBe(crash)
    await reopen()
    await state.confirm([{ customerId, digests: digests.of(customerId, '{"name":"B"}') }])
    expect(await send('B', updated, { row: 5 })).toBe('{"name":"B"}')
  })

  it('counts the fields that were left out of rows that were sent, over sessions', async () => {
    await send('A')
    expect(run.note(leftOutNote)).toBeUndefined()
    await send('B')
    await send('B')
    await reopen()
    await send('C')
    expect(run.note(leftOutNote)).toBe('2')
  })
})

describe('a field that adds up, and that an earlier request may have set', () => {
  const coupon = { coupon: 'SPRING' }
  const held = found({ discount: { coupon: { id: 'SPRING' } } })

  it('is not sent if the customer holds it, and is known then', async () => {
    await sendRow(coupon, { outcome: 'unknown' })
    expect(await sendRow(coupon, updated, { reading: held })).toBe('')
    expect(await sendRow(coupon, updated)).toBe('')
  })

  it('is sent if the customer does not hold it', async () => {
    await sendRow(coupon, { outcome: 'unknown' })
    expect(await sendRow(coupon, updated, { reading: found({ discount: null }) })).toBe('{"coupon":"SPRING"}')
  })

  it('is not sent if the customer may not be read', async () => {
    await sendRow(coupon, { outcome: 'unknown' })
    expect(await sendRow(coupon, updated)).toBe('')
    const outcomes = await run.counts()
    expect(Object.fromEntries(outcomes)).toEqual({ unknown: 2 })
  })

  it('is read also while the request of another run is under way, and after a user had it forgotten', async () => {
    const other = await open('other')
    await sendRow(coupon, updated)
    await state.forget()
    await other.recordIntent({ ...requestFor(coupon), row: 1 }, 0)
    await state.forget()
    expect(await sendRow(coupon, updated, { reading: held })).toBe('')
  })
})

function requestFor(patch: Patch) {
  return createUpdateRequest({ host: owner.host, runId: 'other' })({
    row: 1,
    line: 2,
    offset: 0,
    length: 0,
    customerId,
    patch,
    fields: Object.keys(patch),
    cleared: [],
  })
}
