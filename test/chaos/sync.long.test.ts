/** Lane S, the small version: `npm run test:sync` is the long one. */
import { describe, expect, it } from 'vitest'
import { sync } from './sync.ts'

describe('nights of --only-changed that are killed, given up, and robbed of their store', () => {
  it.concurrent.each([1, 2])(
    'leave Rapyd with what the export says, and send just what differs (seed %i)',
    async (seed) => {
      const { violations } = await sync({ seed, rows: 60, nights: 10, share: 0.2 })
      expect(violations, `again with: npm run test:sync -- --seed ${seed} --jobs 1`).toEqual([])
    },
    240_000,
  )
})
