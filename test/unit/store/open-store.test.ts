import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore, storePath, withStore } from '../../../src/store/open-store.ts'
import { manifestOf, openOptions } from '../../support/stored-run.ts'

describe('the path of the store', () => {
  it.each([
    [
      'is what --store says',
      { store: 'my.db', stateDir: '/state' },
      { XDG_STATE_HOME: '/x' },
      resolve('my.db'),
    ],
    ['is store.db in --state-dir', { stateDir: '/state' }, { XDG_STATE_HOME: '/x' }, '/state/store.db'],
    ['is in XDG_STATE_HOME without either', {}, { XDG_STATE_HOME: '/x' }, '/x/rapyd-bulk/store.db'],
  ])('%s', (_, options, env, expected) => expect(storePath(options, env)).toBe(expected))

  it.each([
    ['XDG_STATE_HOME is relative', { XDG_STATE_HOME: 'state' }],
    ['XDG_STATE_HOME is empty', { XDG_STATE_HOME: '' }],
  ])('is in the home folder if %s', (_, env) => {
    vi.stubEnv('HOME', '/home/jo')
    expect(storePath({}, env)).toBe('/home/jo/.local/state/rapyd-bulk/store.db')
    vi.unstubAllEnvs()
  })

  it('is absolute if HOME and XDG_STATE_HOME are empty', () => {
    vi.stubEnv('HOME', '')
    expect(isAbsolute(storePath({}, { XDG_STATE_HOME: '' }))).toBe(true)
    vi.unstubAllEnvs()
  })
})

describe('commands of one process', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-open-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('share a store until the last of them closes it', async () => {
    const options = { stateDir: folder }
    const first = await openStore(options)
    await withStore(options, async (second) => {
      await (await second.openRun(manifestOf('a'), openOptions)).close()
    })
    expect((await first.findRun('a'))?.stored.id).toBe('a')
    await first.close()
    await expect(first.findRun('a')).rejects.toThrow()
    await withStore(options, async (third) => expect(await third.findRun('a')).toBeDefined())
  })

  it('can open a store after it was refused once', async () => {
    const options = { store: join(folder, 'a', 'store.db') }
    const refused = { store: folder }
    await expect(openStore(refused)).rejects.toMatchObject({ kind: 'USAGE', code: 'E_STORE_PATH' })
    await expect(openStore(refused)).rejects.toMatchObject({ code: 'E_STORE_PATH' })
    await withStore(options, async (store) => expect(store.path).toBe(options.store))
  })
})
