/** A blank coupon removes the discount with a call of its own, before the other fields of its row. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apply, bulkUpdate, plan, redo, rollback, verify, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, optionsOf, startRapydServer, type Call, type RapydServer } from './support/rapyd-server.ts'

const id = (row: number) => `cus_${String(row).padStart(32, '0')}`

let server: RapydServer
let folder: Folder
beforeEach(async () => {
  server = await startRapydServer()
  folder = freshFolder()
  server.take = ({ coupon, ...patch }) =>
    coupon === undefined ? patch : { ...patch, discount: { id: 'dis_1', coupon: { id: coupon } } }
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  folder.remove()
  await server.close()
})

const all = () => optionsOf(server, folder)

function send(rows: readonly object[], options: Partial<UpdateOptions> = {}, signal?: AbortSignal) {
  folder.write('crm.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const input = join(folder.path, 'crm.ndjson')
  return bulkUpdate({
    ...all(),
    input,
    maxClears: '100%',
    concurrency: 1,
    ...options,
    ...(signal === undefined ? {} : { signal }),
  })
}

const resultsOf = (directory: string): Record<string, string>[] =>
  parse(readFileSync(join(directory, 'results.csv')), { columns: true })
const endings = (directory: string) =>
  resultsOf(directory).map((row) =>
    [
      row['outcome'],
      row['error_code'],
      row['fields'],
      row['cleared'],
      row['not_taken'],
      row['attempts'],
    ].join(' '),
  )
/** The calls in their order: `delete`, or the body. */
const calls = (made: readonly Call[] = server.updates) =>
  made.map(({ method, body }) => (method === 'delete' ? 'delete' : body))

async function giveCoupon(...customers: readonly number[]): Promise<void> {
  await send(
    customers.map((row) => ({ customer: id(row), coupon: 'SUMMER' })),
    { newRun: true, allowRepeat: true },
  )
  server.updates.length = 0
  server.applied.length = 0
}

const blank = { customer: id(1), coupon: '' }
const row = { ...blank, name: 'Ada' }
const refusal = { status: 400, body: envelope('ERROR', 'INVALID_CUSTOMER_EMAIL') }

describe('a row that blanks the coupon', () => {
  it('and sets nothing else is one call', async () => {
    await giveCoupon(1)
    const { exitCode, directory } = await send([blank])
    expect([exitCode, endings(directory), calls()]).toEqual([0, ['updated  coupon coupon  1'], ['delete']])
    expect(server.customer(id(1))).toMatchObject({ discount: null })
  })

  it('and sets other fields is two calls with two keys, the discount first', async () => {
    await giveCoupon(1)
    const { exitCode, directory } = await send([row])
    expect([exitCode, endings(directory)]).toEqual([0, ['updated  coupon;name coupon  2']])
    expect(calls()).toEqual(['delete', '{"name":"Ada"}'])
    expect(new Set(server.updates.map(({ idempotency }) => idempotency)).size).toBe(2)
    expect(server.customer(id(1))).toMatchObject({ discount: null, name: 'Ada' })
  })

  it('of a customer without a discount is done, also in the first ten rows and within --max-errors', async () => {
    const rows = Array.from({ length: 15 }, (_, at) => ({ customer: id(at + 1), coupon: '' }))
    const { exitCode, summary } = await send(rows, { maxErrors: '0' })
    expect([exitCode, summary.outcomes.updated, server.updates.length]).toEqual([0, 15, 15])
  })

  it('of a customer that was read in this run and has no discount costs no call', async () => {
    await send([{ customer: id(1), name: 'A', coupon: 'X' }], { runId: 'one' })
    await send([blank], { runId: 'two' })
    server.updates.length = 0
    const { exitCode, directory } = await send([row, { ...blank, customer: id(2), description: '' }], {
      backup: true,
    })
    expect([exitCode, calls()]).toEqual([0, ['{"name":"Ada"}', 'delete', '{"description":""}']])
    expect(endings(directory)[0]).toBe('updated  coupon;name coupon  1')
  })

  it('keeps the value of a mapping that clears it with one of its own', async () => {
    folder.write(
      'map.yaml',
      'customer: customer\ncolumns:\n  coupon: { field: coupon, blank: { clear_with: NONE } }\n',
    )
    const { exitCode } = await send([blank], { map: join(folder.path, 'map.yaml') })
    expect([exitCode, calls()]).toEqual([0, ['{"coupon":"NONE"}']])
  })
})

describe('a row whose discount cannot be removed', () => {
  it('is rejected, and nothing else of it is sent', async () => {
    await giveCoupon(1)
    server.answer = ({ method }) =>
      method === 'delete' ? { status: 400, body: envelope('ERROR', 'ERROR_X') } : undefined
    const { exitCode, directory } = await send([row])
    expect([exitCode, endings(directory)]).toEqual([1, ['rejected E_API coupon;name coupon  1']])
    expect(calls()).toEqual(['delete'])
    server.answer = () => undefined
    await redo({ ...all(), run: directory })
    expect(calls().slice(1)).toEqual(['delete', '{"name":"Ada"}'])
  })
})

it('is not cleared if the answer to the rest of the row still shows the discount, and --only-changed sends it again', async () => {
  await giveCoupon(1)
  server.answer = ({ method }) =>
    method === 'delete'
      ? { status: 200, body: envelope('SUCCESS', '', { id: 'dis_1', deleted: true }) }
      : undefined
  const { exitCode, directory } = await send([row], { onlyChanged: true })
  expect([exitCode, endings(directory)]).toEqual([1, ['rejected E_NOT_CLEARED coupon;name coupon coupon 2']])
  server.answer = () => undefined
  server.updates.length = 0
  expect((await send([row], { onlyChanged: true, newRun: true })).exitCode).toBe(0)
  expect([calls(), server.customer(id(1))]).toMatchObject([['delete'], { discount: null }])
})

describe('a row whose discount is removed and whose patch is refused', () => {
  it('is partly applied: redo sends the rest, rollback names the coupon, and verify checks what was taken', async () => {
    await giveCoupon(1)
    server.answer = ({ method }) => (method === 'post' ? refusal : undefined)
    const { exitCode, directory, summary } = await send([row], { backup: true })
    expect([exitCode, endings(directory)]).toEqual([1, ['rejected E_API coupon;name coupon name 2']])
    expect(summary.outcomes.rejected).toBe(1)
    expect(await verify({ ...all(), run: directory })).toMatchObject({
      checked: 1,
      fields: { coupon: { checked: 1, differ: 0 } },
    })
    server.answer = () => undefined
    server.updates.length = 0
    const again = await redo({ ...all(), run: directory })
    expect([calls(), 'exitCode' in again && again.exitCode]).toEqual([['{"name":"Ada"}'], 0])
  })

  it('is known to the field state as far as it was taken', async () => {
    await giveCoupon(1)
    server.answer = ({ method }) => (method === 'post' ? refusal : undefined)
    await send([row])
    server.answer = () => undefined
    server.updates.length = 0
    const { exitCode } = await send([row], { onlyChanged: true })
    expect([exitCode, calls()]).toEqual([0, ['{"name":"Ada"}']])
  })
})

describe('a row that Rapyd takes in part', () => {
  it('names only what was not taken, and redo sends just that', async () => {
    await giveCoupon(1)
    const take = server.take
    server.take = (patch, held) => ({ ...take(patch, held), description: '' })
    const { exitCode, directory } = await send([{ ...row, description: 'x' }])
    expect([exitCode, endings(directory)]).toEqual([
      1,
      ['rejected E_NOT_TAKEN coupon;name;description coupon description 2'],
    ])
    server.take = take
    server.updates.length = 0
    const again = await redo({ ...all(), run: directory })
    expect([calls(), 'exitCode' in again && again.exitCode]).toEqual([['{"description":"x"}'], 0])
  })

  it('keeps its taken part out of a second redo, whatever the first one met', async () => {
    await giveCoupon(1)
    server.answer = ({ method }) => (method === 'post' ? refusal : undefined)
    const { directory } = await send([row])
    await redo({ ...all(), run: directory })
    server.answer = () => undefined
    server.updates.length = 0
    await redo({ ...all(), run: directory })
    expect(calls()).toEqual(['{"name":"Ada"}'])
  })
})

describe('a plan', () => {
  it('that removes a discount is applied with --verify, also after it was stopped between the calls', async () => {
    await giveCoupon(1)
    folder.write('plan.ndjson', `${JSON.stringify(row)}\n`)
    const { path } = await plan({ ...all(), input: join(folder.path, 'plan.ndjson'), maxClears: '100%' })
    const controller = new AbortController()
    server.answer = ({ method }) => {
      if (method === 'delete') controller.abort()
      return undefined
    }
    await apply({ ...all(), plan: path, verify: true, signal: controller.signal })
    server.answer = () => undefined
    const { exitCode, directory } = await apply({ ...all(), plan: path, verify: true })
    expect([exitCode, endings(directory)]).toEqual([0, ['updated  coupon;name coupon  2']])
    expect(calls()).toEqual(['delete', '{"name":"Ada"}'])
  })

  it('that sets a coupon is refused a second time', async () => {
    folder.write('plan.ndjson', `${JSON.stringify({ customer: id(1), coupon: 'SUMMER' })}\n`)
    const { path } = await plan({ ...all(), input: join(folder.path, 'plan.ndjson') })
    expect((await apply({ ...all(), plan: path })).exitCode).toBe(0)
    folder.write('plan.ndjson', `${JSON.stringify({ customer: id(1), coupon: 'SUMMER' })}\n`)
    await expect(apply({ ...all(), plan: path, newRun: true })).rejects.toMatchObject({
      code: 'E_SENT_BEFORE',
    })
  })
})

describe('a rollback', () => {
  it('cannot put a removed discount back, and names its coupon', async () => {
    await giveCoupon(1)
    const { directory } = await send([row], { backup: true })
    const back = await rollback({ ...all(), run: directory })
    const rows = 'directory' in back ? resultsOf(back.directory) : []
    expect(rows.map(({ outcome, error_code: code, message }) => [outcome, code, message])).toEqual([
      ['updated', '', ''],
      [
        'invalid',
        'E_NOT_RESTORABLE',
        'not possible: coupon (the discount of coupon SUMMER cannot be made again with its remaining uses)',
      ],
    ])
    expect(server.customer(id(1))).toMatchObject({ discount: null })
  })
})

/** Sends the row until the call for which `isLast` is true. */
async function stopAt(
  isLast: (call: Call) => boolean,
  how: 'cut_after' | 'cut_before' | undefined,
  record: object = row,
) {
  const controller = new AbortController()
  server.answer = (call) => {
    if (!isLast(call)) return undefined
    controller.abort()
    return how
  }
  const result = await send([record], { backup: true }, controller.signal)
  server.answer = () => undefined
  server.applied.length = 0
  return result
}
const isRemoval = ({ method }: Call) => method === 'delete'
const isPatch = ({ method }: Call) => method === 'post'

describe('a run that is stopped', () => {
  beforeEach(() => giveCoupon(1))

  it.each(['cut_after', 'cut_before'] as const)(
    'in the removal (%s) goes on with what is left',
    async (how) => {
      const { directory } = await stopAt(isRemoval, how)
      expect(endings(directory)).toEqual(['unknown E_IN_DOUBT coupon;name coupon  0'])
      const { exitCode } = await send([row], { backup: true })
      const left = how === 'cut_after' ? [] : ['delete']
      expect([exitCode, calls(server.applied)]).toEqual([0, [...left, '{"name":"Ada"}']])
      expect(endings(directory)).toEqual([`updated  coupon;name coupon  ${left.length + 1}`])
    },
  )

  it('between the calls leaves the row open and says what is done', async () => {
    const { directory, summary } = await stopAt(isRemoval, undefined)
    expect(endings(directory)).toEqual(['not_attempted E_STOPPED coupon;name coupon name 1'])
    expect(resultsOf(directory)[0]?.['message']).toBe(
      'the discount was removed; the rest of the row was not sent',
    )
    expect([summary.outcomes.not_attempted, summary.exit_code]).toEqual([1, 130])
    await giveCoupon(1)
    const { exitCode } = await send([row], { backup: true })
    expect([exitCode, calls(server.applied)]).toEqual([0, ['{"name":"Ada"}']])
    expect(endings(directory)).toEqual(['updated  coupon;name coupon  2'])
    // The other run's coupon is what is known of the field.
    server.updates.length = 0
    await send([blank], { onlyChanged: true })
    expect(calls()).toEqual(['delete'])
  })

  it('between the calls can be rolled back, and names the coupon', async () => {
    const { directory } = await stopAt(isRemoval, undefined)
    const back = await rollback({ ...all(), run: directory })
    const rows = 'directory' in back ? resultsOf(back.directory) : []
    expect(rows.map(({ error_code: code, error_field: field }) => [code, field])).toEqual([
      ['E_NOT_RESTORABLE', 'coupon'],
    ])
    expect(server.applied).toEqual([])
  })

  it.each(['cut_after', 'cut_before'] as const)(
    'in the patch (%s) does not remove the discount again',
    async (how) => {
      const { directory, summary } = await stopAt(isPatch, how)
      expect(endings(directory)).toEqual(['unknown E_IN_DOUBT coupon;name coupon name 1'])
      expect(summary.outcomes).toMatchObject({ unknown: 1, not_attempted: 0 })
      await giveCoupon(1)
      const { exitCode } = await send([row], { backup: true })
      const left = how === 'cut_after' ? [] : ['{"name":"Ada"}']
      expect([exitCode, calls(server.applied)]).toEqual([0, left])
      expect(server.customer(id(1))).toMatchObject({ name: 'Ada', discount: { coupon: { id: 'SUMMER' } } })
      expect(endings(directory)).toEqual([`updated  coupon;name coupon  ${left.length + 1}`])
    },
  )

  it('in the patch can be rolled back as far as it was applied', async () => {
    const { directory } = await stopAt(isPatch, 'cut_after')
    const back = await rollback({ ...all(), run: directory })
    const rows = 'directory' in back ? resultsOf(back.directory) : []
    expect(rows.map(({ outcome, error_field: field }) => [outcome, field])).toEqual([
      ['updated', ''],
      ['invalid', 'coupon'],
    ])
    expect(server.customer(id(1))).toMatchObject({ name: '' })
  })
})

describe('a row that removes a discount and sets a key of metadata', () => {
  const keyed = { ...row, metadata: { tier: 'gold' } }
  const whole = '{"name":"Ada","metadata":{"crm":"x","tier":"gold"}}'

  beforeEach(async () => {
    await send([{ customer: id(1), coupon: 'SUMMER', metadata: { crm: 'x' } }], { runId: 'before' })
    server.updates.length = 0
    server.applied.length = 0
  })

  it('sends all keys after the discount is removed, and never a blank coupon', async () => {
    const { exitCode, directory } = await send([keyed])
    expect([exitCode, calls()]).toEqual([0, ['delete', whole]])
    expect(endings(directory)).toEqual(['updated  coupon;name;metadata.tier coupon  2'])
  })

  it.each([
    ['in the removal', 'cut_after', isRemoval, [whole]],
    ['in the removal', 'cut_before', isRemoval, ['delete', whole]],
    ['between the calls', undefined, isRemoval, [whole]],
    ['in the patch', 'cut_after', isPatch, []],
    ['in the patch', 'cut_before', isPatch, [whole]],
  ] as const)('goes on after a stop %s (%s)', async (_, how, isLast, left) => {
    await stopAt(isLast, how, keyed)
    server.updates.length = 0
    const { exitCode, directory } = await send([keyed], { backup: true })
    expect([exitCode, calls(server.applied)]).toEqual([0, left])
    expect(server.updates.every(({ body }) => !body.includes('coupon'))).toBe(true)
    expect(server.customer(id(1))).toMatchObject({ discount: null, metadata: { crm: 'x', tier: 'gold' } })
    const back = await rollback({ ...all(), run: directory })
    const rows = 'directory' in back ? resultsOf(back.directory) : []
    expect(rows.at(-1)).toMatchObject({ error_code: 'E_NOT_RESTORABLE', error_field: 'coupon;metadata.tier' })
  })
})
