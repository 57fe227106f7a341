/** Gives every test file a state directory of its own: what runs share must not be shared with the tests' user. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-state-'))
  process.env['XDG_STATE_HOME'] = folder
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
