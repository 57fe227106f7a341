import { describe, expect, it } from 'vitest'
import { packOutcome, unpackMany } from '../../src/store/outcome-record.ts'
import { outcomeOf } from '../report/outcome.ts'

const entry = (row: number, kind = 'updated') => `[${row},"${kind}",${packOutcome(outcomeOf())}]`

describe('records of many rows as one text', () => {
  it('are the outcomes of all of them', () => {
    const outcomes = [2, 5].map((row) => outcomeOf({ row }))
    expect(unpackMany([2, 5].map((row) => entry(row)).join(), 2)).toEqual(outcomes)
    expect(unpackMany('', 0)).toEqual([])
  })

  it.each([
    ['one is missing', entry(1)],
    ['they are out of order', `${entry(2)},${entry(1)}`],
    ['one stands twice', `${entry(1)},${entry(1)}`],
    ['one is cut', `${entry(1)},[2,"updated",[1,2`],
    ['one is too short', `${entry(1)},[2,"updated",[1,2]]`],
    ['something stands behind one', `${entry(1)},${entry(2).replace(/]$/, ',[]]')}`],
    ['one is no list', `${entry(1)},2`],
  ])('are nothing where %s', (_, records) => {
    expect(unpackMany(records, 2)).toBeUndefined()
  })
})
