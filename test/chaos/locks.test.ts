/** Lane K: processes that take the same lock in turns, whose file goes with each of them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'

const processes = 4
const turns = 250
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-locks-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** While it has the lock, nobody else may have made the file beside it. Prints what was wrong. */
const script = `
  import { closeSync, openSync, unlinkSync } from 'node:fs'
  import { tryLock } from ${JSON.stringify(new URL('../../src/store/own-database.ts', import.meta.url).href)}
  const path = process.argv[1]
  for (let turn = 0; turn < ${turns};) {
    const unlock = tryLock(path)
    if (unlock === undefined) continue
    turn++
    try {
      closeSync(openSync(path + '.held', 'wx'))
      unlinkSync(path + '.held')
    } catch (error) {
      console.log(error.code)
    }
    unlock()
  }`

it('has one holder at a time', async () => {
  const path = join(folder, 'account.lock')
  const outputs = Array.from({ length: processes }, () => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return Promise.all([text(child.stdout), text(child.stderr)])
  })
  expect(await Promise.all(outputs)).toEqual(Array.from({ length: processes }, () => ['', '']))
})
