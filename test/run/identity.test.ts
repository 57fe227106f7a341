import { describe, expect, it } from 'vitest'
import type { UpdateOptions } from '../../src/options.ts'
import { duplicatePolicies } from '../../src/pipeline/duplicates.ts'
import { defaultMapping } from '../../src/mapping/mapping.ts'
import { mappingDigest, runDigest } from '../../src/run/identity.ts'

const idOf = (options: Partial<UpdateOptions>) =>
  runDigest({
    input: 'ab',
    mapping: mappingDigest({ input: 'crm.csv', ...options }, defaultMapping),
    host: 'host',
    account: 'account',
  })

describe('the id of a run', () => {
  it('stays what it has been, so that open runs go on after an upgrade', () => {
    expect(mappingDigest({ input: 'crm.csv' }, defaultMapping)).toBe(
      '311e28069086cd25364e4aa5fb030d00b389bf3b370b46b6ccc860c470bde497',
    )
    expect(idOf({ blank: 'keep', ignoreColumns: ['b', 'a'] })).toBe('79d5dd9680')
  })

  it('depends on what happens to several rows of a customer, unless that is the default', () => {
    expect(idOf({ duplicates: 'sequence' })).toBe(idOf({}))
    expect(new Set(duplicatePolicies.map((duplicates) => idOf({ duplicates }))).size).toBe(4)
  })
})
