import { describe, expect, it } from 'vitest'
import { acceptedChanges } from '../../../src/engine/open-input.ts'
import { bulkUpdate } from '../../../src/jobs/update.ts'

describe('accepted changes', () => {
  it.each([
    [[], []],
    [
      ['rows', 'damage', 'all'],
      ['rows', 'damage', 'all'],
    ],
    [['rows,date_of_birth'], ['rows', 'date_of_birth']],
    [['Rows, E-Mail'], ['rows', 'email']],
    [['addresses[0].line_1'], ['addresses[0].line_1']],
    [['metadata.tier,rows'], ['metadata.tier,rows', 'metadata.tier', 'rows']],
    [['metadata.a,b'], ['metadata.a,b', 'metadata.a']],
  ])('%j are %j', (given, words) => {
    expect(acceptedChanges(given)).toEqual(words)
  })

  it.each([
    ['rosw', 'Invalid --accept-change "rosw": use rows, damage, all', 'Did you mean "rows"? '],
    [
      'email,phnoe_number',
      'Invalid --accept-change "phnoe_number": use rows, damage, all',
      'Did you mean "phone_number"? ',
    ],
    [
      'adresses[0].lin_1',
      'Invalid --accept-change "adresses[0].lin_1": use rows, damage, all',
      'Did you mean "addresses[0].line_1"? ',
    ],
    ['', 'Invalid --accept-change "": use rows, damage, all', 'Correct it'],
    ['rows,', 'Invalid --accept-change "": use rows, damage, all', 'Correct it'],
  ])('names nothing in %j', (text, message, remedy) => {
    expect(() => acceptedChanges([text])).toThrow(
      expect.objectContaining({
        kind: 'USAGE',
        code: 'E_OPTION_ACCEPT_CHANGE',
        message: expect.stringContaining(message),
        remedy: expect.stringMatching(`^${RegExp.escape(remedy)}`),
      }),
    )
  })

  it('that name nothing are refused before the input is looked for', async () => {
    const given = { input: 'nowhere.csv', env: 'simulator', acceptChange: ['emial'] } as const
    await expect(bulkUpdate(given)).rejects.toMatchObject({ code: 'E_OPTION_ACCEPT_CHANGE' })
  })
})
