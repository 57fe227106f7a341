import { expect, it } from 'vitest'
import { createLimiter } from '../../src/client/limiter.ts'
import { announcePauses } from '../../src/client/announced-pauses.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

it('a limiter whose pauses are announced pauses all the same', async () => {
  const clock = createVirtualClock()
  const pauses: number[] = []
  const limiter = announcePauses(createLimiter([], clock), (ms) => pauses.push(ms))
  limiter.pause(5_000)
  expect(pauses).toEqual([5_000])
  expect(limiter.pausedForMs).toBe(5_000)
  const turn = limiter.turn(new AbortController().signal)
  await clock.advanceTo(5_000)
  expect(limiter.pausedForMs).toBe(0)
  ;(await turn)()
})
