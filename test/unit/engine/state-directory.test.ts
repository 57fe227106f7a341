import { isAbsolute } from 'node:path'
import { expect, it, vi } from 'vitest'
import { stateDirectory } from '../../../src/engine/account-folder.ts'

it('is absolute where HOME and XDG_STATE_HOME are set to nothing', () => {
  vi.stubEnv('HOME', '')
  expect(isAbsolute(stateDirectory(undefined, { HOME: '', XDG_STATE_HOME: '' }))).toBe(true)
  vi.unstubAllEnvs()
})
