import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../../src/config/job-options.ts'
import { options, type UpdateOptions } from '../../../src/config/options.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { mappingDigest, runDigest } from '../../../src/engine/identity.ts'

const idOf = (given: Partial<UpdateOptions>) =>
  runDigest({
    input: 'ab',
    mapping: mappingDigest(resolveOptions({ input: 'crm.csv', ...given }), defaultMapping),
    host: 'host',
    account: 'account',
  })

describe('the id of a run', () => {
  it('stays what it has been, so that open runs go on after an upgrade', () => {
    expect(mappingDigest(resolveOptions({ input: 'crm.csv' }), defaultMapping)).toBe(
      '311e28069086cd25364e4aa5fb030d00b389bf3b370b46b6ccc860c470bde497',
    )
    expect(idOf({ blank: 'keep', ignoreColumns: ['b', 'a'] })).toBe('79d5dd9680')
  })

  it('depends on what happens to several rows of a customer, unless that is the default', () => {
    expect(idOf({ duplicates: 'sequence' })).toBe(idOf({}))
    expect(new Set(options.duplicates.choices.map((duplicates) => idOf({ duplicates }))).size).toBe(4)
  })
})
