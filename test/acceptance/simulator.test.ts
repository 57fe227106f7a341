import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder } from './support/command.ts'
import type { Folder } from './support/command.ts'

describe('the embedded simulator', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
    mkdirSync(join(folder.path, 'samples'))
    copyFileSync(
      join(import.meta.dirname, '..', '..', 'samples', 'crm-export.csv'),
      join(folder.path, 'samples', 'crm-export.csv'),
    )
  })
  afterEach(() => folder.remove())

  it('takes the sample export without keys, within the rate that it enforces', async () => {
    const { code, stdout } = await folder.run([
      'update',
      'samples/crm-export.csv',
      '--env',
      'simulator',
      '--rate',
      '100/1s',
      '--json',
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'simulator',
      outcomes: { updated: 194, invalid: 6, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 },
      rate_limited: 0,
      calls: 194,
      attempts: 194,
    })
  })

  it('finds the same six rows when the sample is only validated', async () => {
    const { code, stdout } = await folder.run(['validate', 'samples/crm-export.csv', '--json'])
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout)
    expect(
      findings.map((finding: { code: string; firstRow: number }) => [finding.firstRow, finding.code]),
    ).toEqual([
      [21, 'E_PHONE'],
      [46, 'E_EMAIL'],
      [78, 'E_ID'],
      [102, 'E_COUNTRY'],
      [134, 'E_COLUMNS'],
      [151, 'E_SUSPECT_BLANK'],
    ])
  })

  /** Rows that the simulator's dice refuse with a seed. */
  async function rejectedWith(seed: string): Promise<number> {
    const faults = ['--faults', 'not-found/post:20%', '--seed', seed, '--max-errors', '100%']
    const args = ['samples/crm-export.csv', '--env', 'simulator', '--rate', 'none', '--new-run', '--json']
    const { stdout } = await folder.run(['update', ...args, ...faults])
    return JSON.parse(stdout).outcomes.rejected
  }

  it('plays faults in a rehearsal, the same ones for the same seed', async () => {
    const first = await rejectedWith('7')
    expect(first).toBeGreaterThan(0)
    expect(await rejectedWith('7')).toBe(first)
  })

  it.each([
    ['--faults', '500:2%'],
    ['--seed', '7'],
  ])('refuses %s where calls are real', async (option, value) => {
    const finished = await folder.run(['update', 'samples/crm-export.csv', option, value], {
      RAPYD_ACCESS_KEY: 'key',
      RAPYD_SECRET_KEY: 'key',
    })
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining(`E_SIMULATOR_ONLY`) })
  })

  it.each([
    ['--faults', 'nonsense', 'E_FAULTS'],
    ['--seed', '1.5', 'E_OPTION_SEED'],
  ])('refuses %s %s', async (option, value, code) => {
    const finished = await folder.run([
      'update',
      'samples/crm-export.csv',
      '--env',
      'simulator',
      option,
      value,
    ])
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining(code) })
  })
})

describe('the simulator as a server', () => {
  it('takes its port and keys, plays its faults, replays answers by key, and ends with a signal', async () => {
    const folder = freshFolder()
    folder.write('crm.csv', `customer,name\ncus_${'1'.padStart(32, '0')},A\n`)
    const keys = { RAPYD_ACCESS_KEY: 'own-access', RAPYD_SECRET_KEY: 'own-secret' }
    const server = folder.start(
      '--port 0 --rate 50/1s --latency 1 --idempotency all-post --faults 500-kept/post@1 --seed 3'
        .split(' ')
        .toSpliced(0, 0, 'simulator'),
      keys,
    )
    await new Promise<void>((ready) => {
      server.onStderr((text) => {
        if (text.includes('ready')) ready()
      })
    })
    const [, url = ''] = /RAPYD_BASE_URL=(\S+)/.exec(server.stdout()) ?? []
    const args = ['update', 'crm.csv', '--rate', '50/1s', '--finish-by', '23:59', '--json']
    const updated = await folder.run(args, { ...keys, RAPYD_BASE_URL: url })
    server.kill('SIGTERM')
    const ended = await server.finished
    folder.remove()
    // The first answer was an error that the server keeps for its key: the same key gets it again.
    expect(JSON.parse(updated.stdout)).toMatchObject({
      outcomes: { unknown: 1 },
      errors: [{ code: 'E_SERVER_REPLAYED' }],
    })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toBe(`export RAPYD_BASE_URL=${url}\n`)
    expect(ended.stderr).toContain('It takes the keys of the environment.')
  })

  it.each(['RAPYD_ACCESS_KEY', 'RAPYD_SECRET_KEY'])('takes %s only with the other key', async (name) => {
    const folder = freshFolder()
    const server = folder.start(['simulator'], { [name]: 'key-of-the-user' })
    await new Promise<void>((ready) => {
      server.onStderr((text) => {
        if (text.includes('ready')) ready()
      })
    })
    server.kill('SIGTERM')
    const { code, stdout, stderr } = await server.finished
    folder.remove()
    expect(code).toBe(0)
    expect(stdout).toMatch(/^export RAPYD_ACCESS_KEY=rak_[0-9a-f]+ RAPYD_SECRET_KEY=rsk_[0-9a-f]+\n/)
    expect(stdout + stderr).not.toContain('key-of-the-user')
    expect(stderr).toContain('Only one of the two keys is set, so the simulator takes neither.')
    expect(stderr).toContain('These keys open nothing else.')
  })
})
