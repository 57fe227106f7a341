/** Lane D, the small version: `npm run test:damage` is the long one. */
import { describe, expect, it } from 'vitest'
import { sceneNames } from './damage-scenes.ts'
import { damage } from './damage.ts'

describe('a file of the store, of a run or of a plan that is damaged', () => {
  it.concurrent.each(sceneNames.map((name, seed) => [name, seed] as const))(
    'is reported or does no harm, and each tip leads to the right end (%s)',
    async (_, seed) => {
      const found: unknown[] = []
      for await (const { scene, damage: done, violations } of damage({ seed, trials: 1 }))
        if (violations.length > 0) found.push({ scene, done, violations })
      expect(found, `again with: npm run test:damage -- --seed ${seed} --scenes 1 --real`).toEqual([])
    },
    600_000,
  )
})
