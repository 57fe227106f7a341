/** Lane H, a sample: `npm run test:seeds -- --count 2000` plays more. */
import { expect, it } from 'vitest'
import { runSeed } from './seeds.ts'

it('a run with faults, outages, blocks and crashes ends, and every row is called what became of it', async () => {
  const found: string[] = []
  for (let seed = 1; seed <= 60; seed++) {
    const { violations } = await runSeed(seed)
    for (const violation of violations) found.push(`--from ${seed} --count 1: ${violation}`)
  }
  expect(found).toEqual([])
}, 120_000)
