import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../../src/config/job-options.ts'
import { openRemote } from '../../../src/engine/remote.ts'

const keys = { accessKey: 'rak_0123456789ABCDEF', secretKey: 'rsk_0123456789abcdef-+/=_.~' }
const open = (options: object, env = {}) => openRemote(resolveOptions({ ...keys, ...options }), env)

describe('where a run goes', () => {
  it('is not asked with certificates unchecked, but for http on loopback and the simulator', async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const refused = {
      kind: 'USAGE',
      code: 'E_TLS_UNCHECKED',
      message: expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED=0'),
    }
    await expect(open({}, env)).rejects.toMatchObject(refused)
    await expect(open({ baseUrl: 'https://localhost:4010' }, env)).rejects.toMatchObject(refused)
    expect(await open({ baseUrl: 'http://localhost:4010' }, env)).toMatchObject({ host: 'localhost:4010' })
    expect(await open({}, { NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toMatchObject({
      host: 'sandboxapi.rapyd.net',
    })
    const simulator = await open({ env: 'simulator' }, env)
    await simulator.close()
  })

  it.each([
    'sp ace',
    '"quoted"',
    "'quoted'",
    '`quoted`',
    'two\nlines',
    ' padded',
    'nul\0',
    'zero\u200bwidth',
    'é',
    '',
  ])('is not asked with the key %j, which is not repeated', async (key) => {
    for (const [name, option] of [
      ['RAPYD_ACCESS_KEY', { accessKey: key }],
      ['RAPYD_SECRET_KEY', { secretKey: key }],
    ] as const) {
      const error: unknown = await open(option).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        kind: 'USAGE',
        code: 'E_KEY_FORMAT',
        message: expect.stringContaining(name),
      })
      if (key !== '') expect(JSON.stringify(error) + String(error)).not.toContain(key)
    }
  })

  it('is asked with keys as they are', async () => {
    expect((await open({})).host).toBe('sandboxapi.rapyd.net')
  })
})
