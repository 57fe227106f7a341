import { expect, it } from 'vitest'
import { createLimiter } from '../../src/client/limiter.ts'
import { announcePauses, observeRequests } from '../../src/client/observed.ts'
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

it('a transport whose requests are counted counts those that fail, too', async () => {
  let requests = 0
  const broken = { exchange: () => Promise.reject(new Error('reset')), close: () => Promise.resolve() }
  const transport = observeRequests(
    broken,
    () => requests++,
    () => {},
  )
  const request = { method: 'get', path: '/', body: '', headers: {} } as const
  await expect(transport.exchange(request)).rejects.toThrow('reset')
  expect(requests).toBe(1)
  await transport.close()
})
