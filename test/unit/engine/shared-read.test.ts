import { expect, it } from 'vitest'
import { createSharedRead } from '../../../src/engine/shared-read.ts'

it('keeps a reading for the next row of the customer, but none that would fill the memory', async () => {
  const reads: string[] = []
  const shared = createSharedRead(
    (id) => {
      reads.push(id)
      return Promise.resolve({
        kind: 'found',
        customer: { id, note: id === 'large' ? 'x'.repeat(100_000) : '' },
      })
    },
    { now: () => 0 },
  )
  const { signal } = new AbortController()
  for (const id of ['small', 'small', 'large', 'large']) await shared.read(id, signal)
  expect(reads).toEqual(['small', 'large', 'large'])
})
