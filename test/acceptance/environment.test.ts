import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, program } from './support/command.ts'
import type { Folder } from './support/command.ts'

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

it('says that the folder is gone that it was started in', () => {
  const folder = freshFolder()
  const command = `rmdir "$PWD" && exec "${process.execPath}" "${program}" runs`
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder.path, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('E_FOLDER_GONE') })
})
