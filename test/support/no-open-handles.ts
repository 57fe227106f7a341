/**
 * Runs around every test file: a socket, a server, a process or a file that is still open at its end fails it. Closing takes
 * the event loop a few turns, so those are waited for, and no time.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from 'vitest'

const watched: ReadonlySet<string> = new Set(['TCPSocketWrap', 'TCPServerWrap', 'ProcessWrap'])
const mostTurns = 200

/** Handles by kind, and files by path where the system tells them: those of tests are in the folder for temporary files. */
function openHandles(): readonly string[] {
  const handles = process.getActiveResourcesInfo().filter((kind) => watched.has(kind))
  return [...handles, ...openFiles()]
}

function openFiles(): readonly string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`)
      return path.startsWith(`${tmpdir()}/`) ? [path] : []
    } catch {
      // The descriptor of this very listing is gone.
      return []
    }
  })
}

let before: readonly string[] = []
beforeAll(() => {
  before = openHandles()
})
const left = (): readonly string[] => withoutOnce(openHandles(), before)
afterAll(async () => {
  for (let turn = 0; turn < mostTurns && left().length > 0;) {
    await setImmediate()
    // A file that is being written out closes when the disk says so.
    if (!process.getActiveResourcesInfo().includes('FSReqCallback')) turn++
  }
  expect(left(), 'left open by the tests of this file').toEqual([])
})

/** Takes every element of `others` away once. */
function withoutOnce(all: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...all]
  for (const other of others) {
    const at = rest.indexOf(other)
    if (at >= 0) rest.splice(at, 1)
  }
  return rest
}
