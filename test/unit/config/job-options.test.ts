import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  inheritOptions,
  readRecordedOptions,
  recordedOptions,
  resolveOptions,
} from '../../../src/config/job-options.ts'
import { optionTable } from '../../../src/config/options.ts'
import { commandToResume } from '../../../src/engine/record.ts'

describe('the options of a job', () => {
  it('have every default of the table, and keep what is given', () => {
    const resolved = resolveOptions({ input: 'crm.csv', concurrency: 4, literals: ['NULL'] })
    expect(resolved).toMatchObject({ concurrency: 4, literals: ['NULL'], blank: 'clear', readBack: true })
    expect(resolved).toMatchObject({ maxErrors: '10%', ignoreColumns: [], maxOutageMs: 1_800_000 })
    expect(Object.values(resolved)).not.toContain(undefined)
    expect(resolveOptions(resolved)).toEqual(resolved)
  })

  it('wait a minute for the first answer, unless --max-outage says otherwise', () => {
    expect(resolveOptions({}).firstOutageMs).toBe(60_000)
    expect(resolveOptions({ maxOutageMs: 90_000 }).firstOutageMs).toBe(90_000)
  })

  it('take an undefined value as not given', () => {
    const given: { concurrency?: number } = JSON.parse('{}')
    Object.assign(given, { concurrency: undefined })
    expect(resolveOptions(given).concurrency).toBe(16)
  })

  it('leave faults to the simulator, so that they are refused elsewhere', () => {
    expect(resolveOptions({})).not.toHaveProperty('seed')
    expect(resolveOptions({})).not.toHaveProperty('faults')
  })
})

describe('the record of a run', () => {
  const given = { input: 'crm.csv', map: 'm.yaml', concurrency: 4, rate: 'none', limit: 5, accessKey: 'k' }

  it('keeps what is recorded and not the default, with absolute paths, and never a key', () => {
    const kept = recordedOptions({ ...given, blank: 'clear', ignoreColumns: [], strict: true })
    expect(kept).toEqual({
      input: resolve('crm.csv'),
      map: resolve('m.yaml'),
      concurrency: 4,
      rate: 'none',
      strict: true,
    })
    expect(readRecordedOptions(kept)).toEqual(kept)
  })

  it.each([
    { concurrency: '4' },
    { blank: 'wipe' },
    { literals: 'NULL' },
    { literals: [1] },
    { strict: 'yes' },
    { input: 5 },
  ])('with a value of another type is none: %j', (wrong) => {
    expect(readRecordedOptions({ input: 'crm.csv', ...wrong })).toBeUndefined()
  })

  it('may hold options of another version', () => {
    expect(readRecordedOptions({ input: 'crm.csv', later: 1 })).toBeDefined()
  })
})

describe('what a job inherits', () => {
  const parent = {
    input: 'crm.csv',
    env: 'simulator',
    baseUrl: 'http://localhost:1',
    map: 'm.yaml',
    backup: true,
    rate: 'none',
  } as const

  it('is what the table says', () => {
    const where = { env: 'simulator', baseUrl: 'http://localhost:1' }
    expect(inheritOptions('redo', parent, {})).toEqual({ ...where, map: 'm.yaml', backup: true })
    expect(inheritOptions('apply', parent, {})).toEqual({ ...where, map: 'm.yaml' })
    expect(inheritOptions('rollback', parent, {})).toEqual(where)
  })

  it('is nothing of the old environment if another is given', () => {
    expect(inheritOptions('rollback', parent, { env: 'sandbox' })).toEqual({})
  })
})

describe('the command that resumes a run', () => {
  const options = {
    input: '/in/crm.csv',
    map: '/in/m.yaml',
    blank: 'keep',
    maxClears: '100%',
    maxErrors: '5%',
    readBack: false,
    backup: true,
    encoding: 'windows-1252',
    runId: 'mine',
  } as const
  const facts = { format: 'csv', bytes: 1, rows: 1, calls: 1 } as const
  const commandOf = (more: object) =>
    commandToResume({ runId: 'mine', record: { options, ...facts, ...more } })

  it.each([
    ['update', {}],
    ['redo', { redo: { parent: 'first', isMended: true } }],
    ['apply', { planned: { plan: '/p.ndjson', sha256: '', isVerified: false } }],
    ['rollback', { rollback: { parent: 'first' } }],
  ] as const)('names only options that %s takes', (command, more) => {
    const line = commandOf(more)
    expect(line).toMatch(new RegExp(`^rapyd-bulk ${command} `))
    const taken = [...optionTable].flatMap(([name, option]) =>
      option.commands.includes(command)
        ? [option.flag ?? name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)]
        : [],
    )
    for (const [, flag = ''] of line.matchAll(/ --(?:no-)?([a-z-]+)/g)) expect(taken).toContain(flag)
    expect(line).toContain('--max-errors=5%')
  })

  it('reads a fixed file as it was given, and the original as its run read it', () => {
    expect(commandOf({ redo: { parent: 'first', isMended: true } })).toContain('--encoding=windows-1252')
    expect(commandOf({ redo: { parent: 'first', isMended: false } })).not.toContain('--encoding')
  })
})
