/** Several commands at once, and one after another, on one account: the windows hold for all of them together. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const perMs = 1_000
const limit = 40

let folder: Folder
let simulator: Simulator
beforeEach(async () => {
  folder = freshFolder()
  simulator = await createSimulator({ windows: [{ limit, perMs, blockMs: 30_000 }] })
})
afterEach(async () => {
  await simulator.close()
  folder.remove()
})

function write(name: string, rows: number): void {
  const lines = Array.from(
    { length: rows },
    (_, row) => `cus_${String(row).padStart(32, '0')},${name} ${row}`,
  )
  folder.write(`${name}.csv`, `customer,name\n${lines.join('\n')}\n`)
}

const update = (name: string, ...more: readonly string[]) => {
  const args = ['update', `${name}.csv`, '--rate', `${limit}/1s`, '--quiet', '--runs-dir', `runs-${name}`]
  return folder.run([...args, ...more], {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  })
}

describe('runs of one account', () => {
  it('never cross a window together, and share it', async () => {
    const names = ['one', 'two', 'three']
    for (const name of names) write(name, 50)
    const ends = await Promise.all(names.map((name) => update(name)))
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, expect.anything()]))
    expect(simulator.calls.filter(({ status }) => status === 429)).toEqual([])
    expect(simulator.appliedCount).toBe(150)
  })

  it.each(['--pace=even', '--pace=burst'])('never cross a window with %s', async (pace) => {
    write('one', 90)
    expect((await update('one', pace)).code).toBe(0)
    expect(simulator.calls.filter(({ status }) => status === 429)).toEqual([])
    expect(simulator.appliedCount).toBe(90)
  })

  it('never cross a window one after another', async () => {
    for (const name of ['one', 'two', 'three']) {
      write(name, 30)
      expect((await update(name)).code).toBe(0)
    }
    expect(simulator.calls.filter(({ status }) => status === 429)).toEqual([])
  })
})
