import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, program, type Folder } from './support/command.ts'

describe('a variable that is set to nothing', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
  })
  afterEach(() => folder.remove())

  it('counts as not set: RAPYD_BASE_URL', async () => {
    folder.write('crm.csv', 'customer,name\ncus_1,A\n')
    const env = { RAPYD_BASE_URL: '', RAPYD_ACCESS_KEY: '', RAPYD_SECRET_KEY: '' }
    const { code, stderr } = await folder.run(['update', 'crm.csv'], env)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('E_NO_CREDENTIALS') })
  })

  it.each(['update', 'validate', 'report'])('names nothing for %s', async (command) => {
    const { code, stderr } = await folder.run([command, ''])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('[E_USAGE]'),
    })
  })

  it('is no folder: HOME and XDG_STATE_HOME', async () => {
    const env = { HOME: '', XDG_CACHE_HOME: '', XDG_STATE_HOME: '' }
    await folder.run(['--version'], env)
    expect(readdirSync(folder.path)).toEqual([])
  })
})

describe('an explicit --env', () => {
  let folder: Folder
  const keys = { RAPYD_ACCESS_KEY: 'access', RAPYD_SECRET_KEY: 'secret' }
  beforeEach(() => {
    folder = freshFolder()
    folder.write('crm.csv', 'customer,name\ncus_1,A\n')
  })
  afterEach(() => folder.remove())

  it('goes before RAPYD_BASE_URL, and one line says so', async () => {
    const env = { ...keys, RAPYD_BASE_URL: 'http://127.0.0.1:9' }
    const { code, stderr } = await folder.run(['update', 'crm.csv', '--env', 'production'], env)
    expect(code).toBe(2)
    expect(stderr).toContain('RAPYD_BASE_URL is ignored')
    expect(stderr).toContain('production was not confirmed. Production: api.rapyd.net')
  })

  it.each(['sandbox', 'production'])('%s with --base-url of another host is refused', async (name) => {
    const args = ['update', 'crm.csv', '--env', name, '--base-url', 'http://127.0.0.1:9']
    const { code, stderr } = await folder.run(args, keys)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('E_OPTION_CONFLICT') })
  })

  it('production with the wrong host to confirm sends nothing, also with --expect-rows', async () => {
    const args = ['update', 'crm.csv', '--env', 'production', '--expect-rows', '1']
    const { stderr } = await folder.run([...args, '--confirm-production', 'sandboxapi.rapyd.net'], keys)
    expect(stderr).toContain('E_NOT_CONFIRMED')
    expect(stderr).toContain('--confirm-production api.rapyd.net together with --expect-rows')
  })
})

it('says that the folder is gone that it was started in', () => {
  const folder = freshFolder()
  const command = `rmdir "$PWD" && exec "${process.execPath}" "${program}" runs`
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder.path, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('E_FOLDER_GONE') })
})
