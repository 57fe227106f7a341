import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openReadings } from '../../../src/store/readings.ts'

it('opens again what was kept on credit, by an earlier session too, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
  const path = join(folder, 'readings.db')
  try {
    const counts = { single: 1, pages: 1 }
    const first = openReadings(path, 0)
    first.want(['a', 'b', 'c'])
    first.keep([['a', { name: 'A' }]], counts)
    first.keep([['b', { name: '' }]], counts, true)
    first.close()
    const second = openReadings(path, 0)
    expect([...second.wanted()]).toEqual(['c'])
    second.giveBack()
    expect([[...second.wanted()], second.open, second.known('a')]).toEqual([['b', 'c'], 2, { name: 'A' }])
    second.keep([['b', { name: 'B' }]], counts)
    second.giveBack()
    expect(second.known('b')).toEqual({ name: 'B' })
    second.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
