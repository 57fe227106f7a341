import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stateDirectory } from '../../src/run/state-directory.ts'
import { runHere } from '../support/command-here.ts'
import { freshFolder, program } from '../support/command.ts'
import type { Folder } from '../support/command.ts'

describe('a variable that is set to nothing', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
  })
  afterEach(() => folder.remove())

  it('counts as not set: RAPYD_BASE_URL', async () => {
    folder.write('crm.csv', 'customer,name\ncus_1,A\n')
    const env = { RAPYD_BASE_URL: '', RAPYD_ACCESS_KEY: '', RAPYD_SECRET_KEY: '' }
    const { code, stderr } = await runHere(['update', 'crm.csv'], { folder: folder.path, env })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('E_NO_CREDENTIALS') })
  })

  it.each(['update', 'validate', 'report'])('names nothing for %s', async (command) => {
    const { code, stderr } = await runHere([command, ''], { folder: folder.path, env: {} })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('an empty text stands in its place'),
    })
  })

  it('is no folder: HOME and XDG_STATE_HOME', async () => {
    const env = { HOME: '', XDG_CACHE_HOME: '', XDG_STATE_HOME: '' }
    await folder.run(['--version'], env)
    expect(readdirSync(folder.path)).toEqual([])
    vi.stubEnv('HOME', '')
    expect(isAbsolute(stateDirectory(undefined, env))).toBe(true)
    vi.unstubAllEnvs()
  })
})

it('says that the folder is gone that it was started in', () => {
  const folder = freshFolder()
  const command = `rmdir "$PWD" && exec "${process.execPath}" "${program}" runs`
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder.path, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('E_FOLDER_GONE') })
})
