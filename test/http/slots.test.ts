import { describe, expect, it } from 'vitest'
import { createSlots } from '../../src/http/slots.ts'

function times(count: number, action: () => void): void {
  for (let time = 0; time < count; time++) action()
}

describe('the slots', () => {
  it('are halved once for all that failed together, and never below a quarter', () => {
    const slots = createSlots(16)
    slots.overloaded()
    expect(slots.count).toBe(8)
    // Those were in flight beside the first.
    times(16, slots.overloaded)
    expect(slots.count).toBe(8)
    slots.overloaded()
    expect(slots.count).toBe(4)
    times(100, slots.overloaded)
    expect(slots.count).toBe(4)
  })

  it('grow by one a round of answers', () => {
    const slots = createSlots(16)
    slots.overloaded()
    times(7, slots.answered)
    expect(slots.count).toBe(8)
    slots.answered()
    expect(slots.count).toBe(9)
    times(9, slots.answered)
    expect(slots.count).toBe(10)
    times(1_000, slots.answered)
    expect(slots.count).toBe(16)
  })

  it('begin with one behind a pause, and are soon where they were', () => {
    const slots = createSlots(16)
    slots.restart()
    expect(slots.count).toBe(1)
    times(15, slots.answered)
    expect(slots.count).toBe(16)
  })

  it('are one until a row has proved that there is a point in more', () => {
    const slots = createSlots(16, false)
    times(20, slots.answered)
    expect(slots.count).toBe(1)
    slots.prove()
    expect(slots.count).toBe(16)
  })
})
