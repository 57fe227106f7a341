import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder } from './support/command.ts'
import type { Folder, Started } from './support/command.ts'
import { envelope, retrieve, update } from '../unit/simulator/signed-request.ts'
import type { Served } from '../unit/simulator/signed-request.ts'

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

/** Starts the command and waits until it serves. */
async function startServer(
  folder: Folder,
  flags: string,
  keys: Readonly<Record<string, string>> = {},
): Promise<Served & { readonly server: Started }> {
  const server = folder.start(['simulator', ...flags.split(' ')], keys)
  await new Promise<void>((ready) => {
    server.onStderr((text) => {
      if (text.includes('ready')) ready()
    })
  })
  const printed = (name: string) => new RegExp(`${name}=(\\S+)`).exec(server.stdout())?.[1] ?? ''
  return {
    server,
    url: printed('RAPYD_BASE_URL'),
    accessKey: printed('RAPYD_ACCESS_KEY'),
    secretKey: printed('RAPYD_SECRET_KEY'),
  }
}

/** What a server with these flags holds of a customer after the updates. */
async function heldAfter(flags: string, patches: readonly object[]) {
  const folder = freshFolder()
  const served = await startServer(folder, flags)
  for (const patch of patches) await update(served, 'cus_1', patch)
  const { data } = envelope(await retrieve(served, 'cus_1'))
  served.server.kill('SIGTERM')
  await served.server.finished
  folder.remove()
  return data
}

describe('the simulator as a server', () => {
  it('takes its port and keys, plays its faults, replays answers by key, and ends with a signal', async () => {
    const folder = freshFolder()
    folder.write('crm.csv', `customer,name\ncus_${'1'.padStart(32, '0')},A\n`)
    const keys = { RAPYD_ACCESS_KEY: 'own-access', RAPYD_SECRET_KEY: 'own-secret' }
    const { server, url } = await startServer(
      folder,
      '--port 0 --rate 50/1s --latency 1 --idempotency all-post --faults 500-kept/post@1 --seed 3',
      keys,
    )
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
    expect(ended.stdout).not.toContain('own-secret')
  })

  const address = { name: 'Home', line_1: '1 Main Street' }
  const twoKeys = [{ metadata: { a: 1 } }, { metadata: { b: 2 } }]
  const twice = [{ addresses: [address] }, { addresses: [address] }]
  const blank = [{ coupon: 'SPRING' }, { coupon: '', description: 'sent' }]
  it.each([
    ['--metadata merge', twoKeys, { metadata: { a: 1, b: 2 } }],
    ['--metadata replace', twoKeys, { metadata: { b: 2 } }],
    ['--addresses append', twice, { addresses: [address, address] }],
    ['--addresses replace', twice, { addresses: [address] }],
    ['--blank-coupon clears', blank, { discount: null, description: 'sent' }],
    ['--blank-coupon ignored', blank, { discount: { coupon: { id: 'SPRING' } }, description: 'sent' }],
    ['--blank-coupon refused', blank, { discount: { coupon: { id: 'SPRING' } }, description: '' }],
  ])('with %s does what it says', async (flags, patches, held) => {
    expect(await heldAfter(flags, patches)).toMatchObject(held)
  })
})
