/** The library as a program uses it: one object of options, records as input, and nothing that reaches outside. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  bulkUpdate,
  createSimulator,
  validate,
  type BulkUpdateOptions,
  type Outcome,
  type Simulator,
} from '../../src/index.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ customer: id(index + 1), name: `Name ${index + 1}` }))

let folder = ''
let simulator: Simulator
let base: Omit<BulkUpdateOptions, 'input'> = {}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'library-'))
  simulator = await createSimulator({ windows: [] })
  const { url: baseUrl, accessKey, secretKey } = simulator
  base = { baseUrl, accessKey, secretKey, rate: 'none', runsDir: join(folder, 'runs') }
})
afterEach(async () => {
  await simulator.close()
  rmSync(folder, { recursive: true })
})

describe('records', () => {
  it('are sent, told one by one when they are durable, and leave no text of theirs behind', async () => {
    const told: Outcome[] = []
    async function* asked() {
      yield* records(3)
      yield { customer: id(4), email: 'none', name: undefined }
    }
    const { summary, directory, exitCode } = await bulkUpdate({
      ...base,
      input: asked(),
      maxErrors: '100%',
      onOutcome: (outcome) => void told.push(outcome),
    })
    expect(exitCode).toBe(1)
    expect(told.map(({ row, outcome }) => `${row} ${outcome}`).toSorted()).toEqual([
      '1 updated',
      '2 updated',
      '3 updated',
      '4 invalid',
    ])
    expect(simulator.customer(id(2))?.['name']).toBe('Name 2')
    expect(summary).toMatchObject({ input: { path: '-', rows: 4 } })
    expect(readFileSync(join(directory, 'errors.ndjson'), 'utf8')).toContain('"email":"none"')
    expect(existsSync(join(directory, 'input'))).toBe(false)
    expect(readdirSync(join(folder, 'runs')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('that are the same are the same run: it goes on where it was stopped, and tells no row twice', async () => {
    const stop = new AbortController()
    const told: number[] = []
    const options = { ...base, concurrency: 1, onOutcome: ({ row }: Outcome) => void told.push(row) }
    const first = await bulkUpdate({
      ...options,
      input: records(30),
      signal: stop.signal,
      onOutcome({ row }) {
        told.push(row)
        if (told.length === 3) stop.abort()
      },
    })
    expect(first).toMatchObject({ exitCode: 130, stopped: { code: 'E_STOPPED' } })
    const second = await bulkUpdate({ ...options, input: records(30) })
    expect(second).toMatchObject({ exitCode: 0, summary: { run_id: first.summary.run_id } })
    expect(told.toSorted((left, right) => left - right)).toEqual(records(30).map((_, index) => index + 1))
    expect(simulator.appliedCount).toBe(30)
  })

  it.each<[string, unknown]>([
    ['holds no finite number in "tier"', { customer: id(2), metadata: { tier: Number.NaN } }],
    ['holds a bigint in "tier"', { customer: id(2), metadata: { tier: 1n } }],
    ['holds a Map or Set in "metadata"', { customer: id(2), metadata: new Map([['tier', 'gold']]) }],
    ['is no object', 'text'],
  ])('of which one %s end before anything is sent', async (why, wrong) => {
    const input = JSON.parse('[]')
    input.push(...records(1), wrong)
    await expect(bulkUpdate({ ...base, input })).rejects.toMatchObject({
      code: 'E_RECORD',
      kind: 'INPUT',
      message: `record 2 ${why}`,
    })
    expect(simulator.callCount).toBe(0)
  })

  it('that end with an error send nothing and give it as the cause', async () => {
    const cause = new Error('the database is gone')
    async function* broken() {
      yield* records(2)
      throw cause
    }
    await expect(bulkUpdate({ ...base, input: broken() })).rejects.toMatchObject({ code: 'E_RECORDS', cause })
    expect(simulator.callCount).toBe(0)
  })

  it('are validated without a network', async () => {
    const input = [...records(2), { customer: id(3), email: 'none' }]
    expect(await validate({ input, maxErrors: '100%' })).toMatchObject({ rows: 3, calls: 2, invalid: 1 })
  })
})

describe('a program', () => {
  it('that fails with an outcome stops the run, which has a report and goes on', async () => {
    const cause = new Error('no')
    const options = { ...base, input: records(20), concurrency: 1 }
    const stopped = await bulkUpdate({ ...options, onOutcome: () => Promise.reject(cause) })
    expect(stopped).toMatchObject({ exitCode: 6, stopped: { code: 'E_ON_OUTCOME', cause } })
    expect(stopped.summary.outcomes.not_attempted).toBeGreaterThan(0)
    expect(await bulkUpdate(options)).toMatchObject({ exitCode: 0 })
    expect(simulator.appliedCount).toBe(20)
  })

  it('that fails with an outcome hears of that, also where the outcome is one too many', async () => {
    const cause = new Error('no')
    const rehearsal = { env: 'simulator', rate: 'none', runsDir: join(folder, 'runs') } as const
    const options = { ...rehearsal, input: records(3), faults: `not-found=${id(1)}`, maxErrors: '0' }
    const stopped = await bulkUpdate({ ...options, onOutcome: () => Promise.reject(cause) })
    expect(stopped).toMatchObject({ exitCode: 6, stopped: { code: 'E_ON_OUTCOME', cause } })
    expect((await bulkUpdate({ ...options, newRun: true })).stopped).toMatchObject({ code: 'E_MAX_ERRORS' })
  })

  it('holds rows back as long as it works on their outcomes', async () => {
    let [working, most] = [0, 0]
    await bulkUpdate({
      ...base,
      input: records(300),
      concurrency: 2,
      async onOutcome() {
        most = Math.max(most, ++working)
        await new Promise((done) => void setTimeout(done, 20))
        working--
      },
    })
    expect(most).toBeLessThanOrEqual(2 * 16)
  })

  it('sees no output, no handler of signals, and no end of its process', async () => {
    const spies = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
      vi.spyOn(process, 'on'),
      vi.spyOn(process, 'once'),
      vi.spyOn(process, 'exit'),
    ]
    const exitCode = process.exitCode
    await bulkUpdate({ ...base, input: [...records(2), { customer: 'x' }], maxErrors: '100%' })
    await expect(bulkUpdate({ ...base, input: join(folder, 'none.csv') })).rejects.toThrow()
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled()
      spy.mockRestore()
    }
    expect(process.exitCode).toBe(exitCode)
  })

  it('may run two updates side by side', async () => {
    const results = await Promise.all(
      ['a', 'b'].map((runId) => bulkUpdate({ ...base, runId, input: records(10) })),
    )
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(simulator.appliedCount).toBe(20)
  })

  it('that gives no keys uses those of the environment', async () => {
    const { accessKey, secretKey, ...withoutKeys } = base
    await expect(bulkUpdate({ ...withoutKeys, input: records(1) })).rejects.toMatchObject({
      code: 'E_NO_CREDENTIALS',
    })
    vi.stubEnv('RAPYD_ACCESS_KEY', accessKey ?? '')
    vi.stubEnv('RAPYD_SECRET_KEY', secretKey ?? '')
    expect(await bulkUpdate({ ...withoutKeys, input: records(1) })).toMatchObject({ exitCode: 0 })
    vi.unstubAllEnvs()
  })
})
