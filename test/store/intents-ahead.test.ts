import { describe, expect, it } from 'vitest'
import { createIntentsAhead } from '../../src/store/intents-ahead.ts'

const open = (): boolean => true

describe('intents ahead', () => {
  it('are as many as outcomes, of the rows behind the last that was reached', () => {
    const ahead = createIntentsAhead({ lastRow: 100, isOpen: open })
    for (const row of [1, 2, 3, 4]) ahead.reached(row)
    expect(ahead.next(2)).toEqual([5, 6])
    for (const row of [5, 6, 7]) ahead.reached(row)
    expect(ahead.next(3)).toEqual([8, 9, 10])
    expect(ahead.next(0)).toEqual([])
  })

  it('count those that nobody has come to yet: rows that wait behind others of their customer', () => {
    const ahead = createIntentsAhead({ lastRow: 100, isOpen: open })
    ahead.reached(1)
    expect(ahead.next(4)).toEqual([2, 3, 4, 5])
    ahead.reached(3)
    ahead.reached(5)
    expect(ahead.next(2)).toEqual([])
    expect(ahead.next(3)).toEqual([6])
  })

  it('pass over rows that may have none, and end with the file', () => {
    const ahead = createIntentsAhead({ lastRow: 6, isOpen: (row) => row % 2 === 0 })
    expect(ahead.next(2)).toEqual([2, 4])
    expect(ahead.next(4)).toEqual([6])
    expect(ahead.next(8)).toEqual([])
  })

  it('are all given back at the end but those that were reached, and none follows', () => {
    const ahead = createIntentsAhead({ lastRow: 100, isOpen: open })
    ahead.reached(1)
    expect(ahead.next(4)).toEqual([2, 3, 4, 5])
    ahead.reached(3)
    expect(ahead.end()).toEqual([2, 4, 5])
    expect(ahead.next(4)).toEqual([])
  })
})
