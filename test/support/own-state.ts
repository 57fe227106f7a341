/** Gives every test a state folder of its own: the store that runs share must not be shared with other tests or with the tests' user. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'

let folder = ''
let tests = 0

function useFolder(name: string): void {
  const path = join(folder, name)
  mkdirSync(path)
  process.env['XDG_STATE_HOME'] = path
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-state-'))
  // For what hooks of a file do before its first test.
  useFolder('file')
})
beforeEach(() => useFolder(`test-${++tests}`))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
