/** `probe`: one experiment on one customer that the user names, and what follows from it for the account. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = `cus_${'1'.padStart(32, '0')}`
const metadata = { tier: 'silver', region: 'eu' }

let folder: Folder
let server: RapydServer

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
  server.put(id, { metadata })
  folder.write('in.ndjson', `${JSON.stringify({ customer: id, metadata: { tier: 'gold' } })}\n`)
})
afterEach(async () => {
  await server.close()
  folder.remove()
})

const merges = (): void => {
  server.take = (patch, held) => ({
    ...patch,
    metadata: { ...Object(held['metadata']), ...Object(patch['metadata']) },
  })
}
const to = (): readonly string[] => ['--base-url', server.url]
const probe = (...args: readonly string[]): Promise<Finished> =>
  folder.run(['probe', ...to(), ...args], server.keys)
const probed = (settleAfter = '1s'): Promise<Finished> =>
  probe('--customer', id, '--yes', '--rate', 'none', '--settle-after', settleAfter)
const update = (...args: readonly string[]): Promise<Finished> =>
  folder.run(['update', 'in.ndjson', '--rate', 'none', ...to(), ...args], server.keys)

describe('where Rapyd merges metadata, the probe', () => {
  beforeEach(merges)

  it('says so, and from then on rows send only their own keys, which one line says', async () => {
    const before = await probe('--show', '--json')
    expect(JSON.parse(before.stdout)).toMatchObject({ metadata: null, probed_at: null })
    const found = await probed()
    expect([found.code, found.stdout]).toEqual([0, expect.stringMatching(/merges metadata \(cus_0+1, 20/)])
    const shown = await probe('--show', '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ metadata: 'merge', customer: id })
    server.updates.length = server.reads.length = 0
    const { code, stderr } = await update()
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('Rows send only their own keys (--metadata-keys own)')
    expect(server.updates.map(({ body }) => body)).toEqual(['{"metadata":{"tier":"gold"}}'])
    expect(server.reads).toEqual([])
    expect((await update('--new-run', '--metadata-keys', 'all')).code).toBe(0)
    expect(server.reads).toEqual([id])
  })

  it('changes nothing for a run that was begun before', async () => {
    folder.write(
      'in.ndjson',
      `${JSON.stringify({ customer: id, metadata: { tier: 'a' } })}\n${JSON.stringify({ customer: id, metadata: { tier: 'b' } })}\n`,
    )
    await update('--limit', '1')
    await probed()
    server.updates.length = 0
    await update()
    expect(server.updates.map(({ body }) => body)).toEqual(['{"metadata":{"tier":"b","region":"eu"}}'])
  })

  it('that is older than 90 days is mentioned', async () => {
    await probed()
    const store = new DatabaseSync(join(folder.path, '.state', 'rapyd-bulk', 'store.db'))
    store.prepare('UPDATE account_fact SET at = at - ?').run(91 * 86_400_000)
    store.close()
    expect((await update()).stderr).toContain('more than 90 days ago: repeat it')
  })
})

describe('where Rapyd replaces metadata, the probe', () => {
  it('writes back what is gone, and rows go on sending all keys', async () => {
    const found = await probed()
    expect([found.code, found.stdout]).toEqual([0, expect.stringContaining('replaces metadata')])
    expect(server.customer(id)['metadata']).toEqual(metadata)
    expect((await update()).code).toBe(0)
    expect(server.customer(id)['metadata']).toEqual({ ...metadata, tier: 'gold' })
    const own = await update('--new-run', '--metadata-keys', 'own', '--quiet')
    expect(own.stderr).toContain('--metadata-keys own deletes the keys that a row does not name')
  })

  it.each([
    [1, 'cut_before'],
    [1, 'cut_after'],
    [2, 'cut_before'],
    [2, 'cut_after'],
  ] as const)(
    'that is killed at its update %i (%s) is finished by the next update first',
    async (at, fate) => {
      const line = ['probe', ...to(), '--customer', id, '--yes', '--rate', 'none', '--settle-after', '1s']
      const started = folder.start(line, server.keys)
      let count = 0
      server.answer = () => {
        if (++count !== at) return undefined
        started.kill('SIGKILL')
        return fate
      }
      await started.finished
      server.answer = () => undefined
      const { code, stderr } = await update()
      expect(code, stderr).toBe(0)
      expect(stderr).toContain(`A probe of ${id} was interrupted: it is finished first.`)
      expect(server.customer(id)['metadata']).toEqual({ ...metadata, tier: 'gold' })
      expect((await update('--new-run')).stderr).not.toContain('A probe')
      expect(server.broken).toEqual([])
    },
  )

  it('waits for what an earlier run has sent to the customer, which could bring back keys that are gone', async () => {
    const line = ['update', 'in.ndjson', '--rate', 'none', ...to(), '--settle-after', '29s']
    const started = folder.start(line, server.keys)
    server.answer = () => {
      started.kill('SIGKILL')
      return 'cut_before'
    }
    await started.finished
    server.answer = () => undefined
    let begunAt = 0
    server.answerRead = () => {
      begunAt ||= Date.now()
      // What the killed run has sent arrives at the worst moment, if the probe has not waited.
      const isGone = !('region' in Object(server.customer(id)['metadata']))
      if (isGone && Date.now() < begunAt + 2_500) server.put(id, { metadata: { ...metadata, tier: 'gold' } })
      return undefined
    }
    const { code, stdout, stderr } = await probed('3s')
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining('replaces metadata')])
    expect(stderr).toContain(`An earlier request to ${id} may still be applied`)
  })

  it('that cannot write back is E_PROBE_LEFT, and until it is finished nothing is sent', async () => {
    let count = 0
    server.answer = () =>
      ++count > 1 ? { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') } : undefined
    expect(await probed()).toMatchObject({ code: 5, stderr: expect.stringContaining('E_PROBE_LEFT') })
    expect(await update()).toMatchObject({ code: 5, stderr: expect.stringContaining('lacks region') })
    server.answer = () => undefined
    expect((await update()).code).toBe(0)
    expect(server.customer(id)['metadata']).toEqual({ ...metadata, tier: 'gold' })
  })
})

describe('the probe', () => {
  it('sends nothing before it is confirmed, and nothing to a customer that shows nothing', async () => {
    const asked = await probe('--customer', id)
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('E_NOT_CONFIRMED') })
    server.put(id, { metadata: { tier: 'silver' } })
    expect(await probed()).toMatchObject({ code: 2, stderr: expect.stringContaining('E_PROBE_KEYS') })
    expect(server.updates).toEqual([])
  })

  it('that is refused is E_PROBE_UNCLEAR, and has found nothing', async () => {
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') })
    expect(await probed()).toMatchObject({ code: 5, stderr: expect.stringContaining('E_PROBE_UNCLEAR') })
    expect((await probe('--show')).stdout).toContain('not probed')
  })

  it.each([
    [[], 'E_USAGE'],
    [['--customer', 'me', '--yes'], 'E_ID'],
    [['--show', '--env', 'simulator'], 'E_OPTION_CONFLICT'],
    [['--customer', id, '--yes', '--env', 'production'], 'E_NOT_CONFIRMED'],
  ])('with %j is refused: %s', async (args, code) => {
    const keys = server.keys
    expect(await folder.run(['probe', ...args], keys)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(code),
    })
  })
})
