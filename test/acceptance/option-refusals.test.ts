/** Options, keys and hosts that are refused before anything is sent: each with its code and exit code 2. */
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bulkUpdate, type BulkUpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const keys = { RAPYD_ACCESS_KEY: 'access', RAPYD_SECRET_KEY: 'secret' }
let folder: Folder
beforeAll(() => {
  folder = freshFolder()
  folder.write('crm.csv', `customer,name\ncus_${'1'.padStart(32, '0')},A\n`)
})
afterAll(() => folder.remove())
const path = (name: string) => join(folder.path, name)

/** The last code that a command printed in brackets. */
const codeIn = (stderr: string) => /\[(E_\w+)\]/.exec(stderr)?.[1]

describe('a command line is refused', () => {
  it.each<readonly [code: string, line: string]>([
    ['E_USAGE', ''],
    ['E_USAGE', 'udpate crm.csv'],
    ['E_USAGE', 'update'],
    ['E_USAGE', 'update crm.csv other.csv'],
    ['E_USAGE', 'update crm.csv --concurency 4'],
    ['E_USAGE', 'completion'],
    ['E_USAGE', 'state show crm.csv'],
    ['E_OPTION_VALUE', 'update crm.csv --run-id'],
    ['E_OPTION_VALUE', 'update crm.csv --run-id='],
    ['E_OPTION_REPEATED', 'update crm.csv --rate none --rate none'],
    ['E_OPTION_CHOICE', 'update crm.csv --env moon'],
    ['E_OPTION_CHOICE', 'validate crm.csv --blank x'],
    ['E_OPTION_CONFLICT', 'validate crm.csv --json --format-errors csv'],
    ['E_OPTION_CONCURRENCY', 'update crm.csv --concurrency 0'],
    ['E_OPTION_CONCURRENCY', 'update crm.csv --concurrency many'],
    ['E_OPTION_LIMIT', 'update crm.csv --limit 1.5'],
    ['E_OPTION_SEED', 'update crm.csv --env simulator --seed -1'],
    ['E_OPTION_PORT', 'simulator --port 70000'],
    ['E_OPTION_LATENCY', 'simulator --latency -1'],
    ['E_OPTION_RATE', 'update crm.csv --rate fast'],
    ['E_OPTION_RESERVE', 'update crm.csv --reserve 100%'],
    ['E_OPTION_PERCENT', 'validate crm.csv --max-clears 101%'],
    ['E_OPTION_MAX_ERRORS', 'validate crm.csv --max-errors ten'],
    ['E_OPTION_EXPECT_ROWS', 'validate crm.csv --expect-rows many'],
    ['E_OPTION_DURATION', 'update crm.csv --max-outage soon'],
    ['E_OPTION_FINISH_BY', 'update crm.csv --finish-by 25:00'],
    ['E_OPTION_ACCEPT_CHANGE', 'update crm.csv --accept-change nmae'],
    ['E_OPTION_SAMPLE', 'verify none --sample ten'],
    ['E_OPTION_OLDER_THAN', 'runs --purge --older-than yesterday'],
    ['E_FAULTS', 'update crm.csv --env simulator --faults nonsense'],
    ['E_SIMULATOR_ONLY', 'update crm.csv --seed 5'],
    ['E_MAPPING', 'validate crm.csv --map none.yaml'],
    ['E_KEY_ARGUMENT', 'update crm.csv rsk_0123456789abcdef0123'],
    ['E_NOT_CONFIRMED', 'update crm.csv --env production'],
    ['E_NOT_CONFIRMED', 'update crm.csv --env production --confirm-production api.rapyd.net:2'],
  ])('%s: rapyd-bulk %s', async (code, line) => {
    const { code: exit, stdout, stderr } = await folder.run(line === '' ? [] : line.split(' '), keys)
    expect([exit, stdout, codeIn(stderr)]).toEqual([2, '', code])
  })
})

describe('a run is refused', () => {
  const cases: readonly (readonly [code: string, options: Partial<BulkUpdateOptions>])[] = [
    ['E_RUN_ID', { runId: '../elsewhere' }],
    ['E_RUN_ID', { runId: '.hidden' }],
    ['E_RATE_NONE', { rate: 'none' }],
    ['E_BASE_URL', { baseUrl: 'https://user:secret@api.rapyd.net' }],
    ['E_HOST_NOT_ALLOWED', { baseUrl: 'https://proxy.example.com' }],
    ['E_HOST_NOT_ALLOWED', { baseUrl: 'https://proxy.example.com', allowHost: 'example.com' }],
    ['E_HOST_NOT_ALLOWED', { baseUrl: 'http://api.rapyd.net' }],
    ['E_KEY_FORMAT', { accessKey: 'sp ace' }],
    ['E_SIMULATOR_ONLY', { faults: '500:2%' }],
  ]
  it.each(cases)('%s: %j', async (code, options) => {
    const given = { input: path('crm.csv'), accessKey: 'access', secretKey: 'secret', ...options }
    await expect(bulkUpdate({ ...given, runsDir: path('rapyd-runs') })).rejects.toMatchObject({
      code,
      exitCode: 2,
    })
  })

  it('E_TLS_UNCHECKED: with the check of certificates turned off in the environment', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const given = { input: path('crm.csv'), accessKey: 'access', secretKey: 'secret' }
    await expect(bulkUpdate(given)).rejects.toMatchObject({ code: 'E_TLS_UNCHECKED', exitCode: 2 })
    vi.unstubAllEnvs()
  })

  it('a host that is named twice is taken, and production by another way is production', async () => {
    const named = [
      'update',
      'crm.csv',
      '--base-url',
      'https://api.rapyd.net',
      '--allow-host',
      'api.rapyd.net',
    ]
    const { code, stderr } = await folder.run(named, keys)
    expect([code, codeIn(stderr)]).toEqual([2, 'E_NOT_CONFIRMED'])
  })
})

describe('keys are refused', () => {
  it('E_NO_CREDENTIALS: that are not there', async () => {
    const { code, stderr } = await folder.run(['update', 'crm.csv'])
    expect([code, codeIn(stderr)]).toEqual([2, 'E_NO_CREDENTIALS'])
  })

  it.each<readonly [what: string, prepare: () => void]>([
    ['is not there', () => {}],
    ['others can read', () => (folder.write('key', 'access'), chmodSync(path('key'), 0o644))],
    ['is empty', () => (folder.write('key', ''), chmodSync(path('key'), 0o600))],
    ['is a link', () => symlinkSync(path('crm.csv'), path('link'))],
  ])('E_KEY_FILE: in a file that %s', async (what, prepare) => {
    prepare()
    const file = what === 'is a link' ? 'link' : what === 'is not there' ? 'none' : 'key'
    const env = { RAPYD_ACCESS_KEY_FILE: path(file), RAPYD_SECRET_KEY: 'secret' }
    const { code, stderr } = await folder.run(['update', 'crm.csv'], env)
    expect([code, codeIn(stderr)]).toEqual([2, 'E_KEY_FILE'])
    expect(stderr).not.toContain('access\n')
  })
})
