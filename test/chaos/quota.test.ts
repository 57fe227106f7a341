/** A night of calls through the shared quota, a short one: `npm run test:quota` sends 100,000. */
import { expect, it } from 'vitest'
import { quotaNight } from './quota.ts'

const windows = [
  { limit: 36, perMs: 10_000 },
  { limit: 150, perMs: 50_000 },
]

it('processes that share an account never cross a window, use what it allows, and get the same', async () => {
  const plan = { seed: 1, calls: 1_200, processes: 3, kills: 6, windows, latencyMs: 60 }
  const { crossings, used, shares } = await quotaNight(plan)
  expect(crossings).toBe(0)
  expect(used).toBeGreaterThan(0.9)
  for (const share of shares) expect(Math.abs(share / (plan.calls / 3) - 1)).toBeLessThan(0.1)
})
