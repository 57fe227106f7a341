/** Lane C, the small version: `npm run test:crash` is the long one. */
import { describe, expect, it } from 'vitest'
import { crash } from './crash.ts'

/** The same files and faults every time, so that a change is what turns this red; `npm run test:crash` looks further. */
const first = Number(process.env['RAPYD_BULK_SEED'] ?? 4)

describe('a run that is killed at random moments and started again', () => {
  it.concurrent.each([0, 1, 2, 3].map((step) => first + step))(
    'loses no row, applies none twice and keeps the order (seed %i)',
    async (seed) => {
      const { violations } = await crash({ seed, rows: 150, kills: 6 })
      expect(violations, `again with: npm run test:crash -- --seed ${seed} --jobs 1`).toEqual([])
    },
    240_000,
  )
})
