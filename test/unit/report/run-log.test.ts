import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRunLog, toRowEvent, maskCustomer } from '../../../src/report/run-log.ts'
import { outcomeOf } from './outcome.ts'

describe('run.log', () => {
  let directory = ''
  let failures: string[] = []
  const path = () => join(directory, 'run.log')
  const logAt = (level: Parameters<typeof createRunLog>[0]) =>
    createRunLog(level, (code) => failures.push(code))
  const lines = (): Record<string, unknown>[] =>
    readFileSync(path(), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'run-log-'))
    failures = []
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('has one line of JSON for an event, with level and time, and no host name', () => {
    const log = logAt('info')
    log.open(directory)
    log.write({ kind: 'throttled', pauseMs: 5_000 })
    log.close()
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        event: 'throttled',
        pauseMs: 5_000,
      },
    ])
  })

  test('is continued by the next session, and is for its owner alone', () => {
    for (const code of ['E_STOPPED', 'E_AUTH']) {
      const log = logAt('info')
      log.open(directory)
      log.write({ kind: 'stopped', code })
      log.close()
      chmodSync(path(), 0o644)
    }
    expect(lines().map(({ code }) => code)).toEqual(['E_STOPPED', 'E_AUTH'])
    const log = logAt('info')
    log.open(directory)
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    log.close()
  })

  test.each([
    ['info', ['reporting', 'row', 'stopped']],
    ['warn', ['row', 'stopped']],
    ['error', ['stopped']],
  ] as const)('at level %s holds %j', (level, events) => {
    const log = logAt(level)
    log.open(directory)
    log.write({ kind: 'reporting' })
    log.write(toRowEvent(outcomeOf({ outcome: 'rejected' })))
    log.write({ kind: 'stopped', code: 'E_STOPPED' })
    log.close()
    expect(lines().map(({ event }) => event)).toEqual(events)
  })

  test('is not there at level silent', () => {
    const log = logAt('silent')
    log.open(directory)
    log.write({ kind: 'reporting' })
    log.close()
    expect(existsSync(path())).toBe(false)
    expect(failures).toEqual([])
  })

  test.each([
    ['a link', () => symlinkSync(join(directory, 'other'), path()), 'ELOOP'],
    ['a directory', () => mkdirSync(path()), 'EISDIR'],
    ['a pipe that nobody reads', () => execFileSync('mkfifo', [path()]), 'ENXIO'],
    ['in a folder that is gone', () => (directory = join(directory, 'gone')), 'ENOENT'],
  ])('that is %s is given up and said once, and stops nothing', (_what, arrange, code) => {
    const root = directory
    arrange()
    const log = logAt('info')
    log.open(directory)
    log.write({ kind: 'reporting' })
    log.write({ kind: 'reporting' })
    log.close()
    expect(failures).toEqual([code])
    expect(existsSync(join(root, 'other'))).toBe(false)
    directory = root
  })

  test('writes nothing before it is opened and after it is closed', () => {
    const log = logAt('info')
    writeFileSync(path(), '')
    log.write({ kind: 'checking' })
    log.open(directory)
    log.close()
    log.write({ kind: 'reporting' })
    expect(lines()).toEqual([])
  })
})

describe('the event of a row', () => {
  test('names row, line, masked customer and codes, and nothing else', () => {
    const outcome = outcomeOf({
      row: 7,
      line: 9,
      customerId: 'cus_d3ed65d5091a8398cc3651bcedec1201',
      outcome: 'rejected',
      errorCode: 'E_API',
      errorField: 'email',
      httpStatus: 400,
      attempts: 2,
      message: 'canary',
      fields: 'canary',
      idempotencyKey: 'canary',
      operationId: 'canary',
    })
    expect(toRowEvent(outcome)).toEqual({
      kind: 'row',
      row: 7,
      line: 9,
      customer: 'cus_…1201',
      outcome: 'rejected',
      code: 'E_API',
      field: 'email',
      httpStatus: 400,
      attempts: 2,
    })
  })

  test.each([
    ['email', 'email'],
    ['addresses[0].city', 'addresses'],
    ['metadata.secret', 'metadata'],
    ['Jo Smith', ''],
    ['emails', ''],
    ['', ''],
  ])('calls the field %j %j', (errorField, field) => {
    expect(toRowEvent(outcomeOf({ errorField })).field).toBe(field)
  })
})

test.each([
  ['cus_d3ed65d5091a8398cc3651bcedec1201', 'cus_…1201'],
  ['cus_123456789', 'cus_…6789'],
  ['cus_12345678', 'cus_…'],
  ['cus_x', 'cus_…'],
  ['', ''],
])('the customer %j is shown as %j', (customerId, shown) => {
  expect(maskCustomer(customerId)).toBe(shown)
})
