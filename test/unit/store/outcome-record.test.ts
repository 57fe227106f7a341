import { describe, expect, it } from 'vitest'
import { packOutcome, unpackOutcome } from '../../../src/store/journal-reader.ts'
import { outcomeOf } from '../report/outcome.ts'

describe('the record of an outcome', () => {
  it.each([0, 7])('says which row it was merged into: %i', (mergedInto) => {
    const outcome = outcomeOf({ mergedInto })
    expect(unpackOutcome(outcome.row, outcome.outcome, packOutcome(outcome))).toEqual(outcome)
  })

  it('does not say it in journals of versions that did not note it', () => {
    const outcome = outcomeOf()
    const record = JSON.stringify(JSON.parse(packOutcome(outcome)).slice(0, 16))
    expect(unpackOutcome(outcome.row, outcome.outcome, record)).toEqual(outcome)
  })

  it.each(['[1,2', '[1,2]', '2', '{}', packOutcome(outcomeOf()).replace(/]$/, ',0]')])(
    'cannot be read where it is %s',
    (record) =>
      expect(() => unpackOutcome(1, 'updated', record)).toThrow(
        expect.objectContaining({ kind: 'LOCAL', code: 'E_JOURNAL_DAMAGED' }),
      ),
  )
})
