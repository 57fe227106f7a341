import { describe, expect, it } from 'vitest'
import { unmatchedNames } from '../../../src/mapping/input-columns.ts'
import { loadMapping } from '../../../src/mapping/mapping-file.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'

const header = ['customer', 'E-Mail', 'name', 'Notes, old']
const unmatched = (...names: readonly string[]) => unmatchedNames(names, header, defaultMapping)

describe('names to be set aside', () => {
  it('match as columns do', () => {
    expect(unmatched('email', 'NOTES, OLD')).toEqual([])
  })

  it('that nothing has are told, with the column that may be meant', () => {
    expect(unmatched('emial', 'region')).toEqual([{ name: 'emial', nearest: 'E-Mail' }, { name: 'region' }])
  })

  it('are not taken for a column that is set aside as well', () => {
    expect(unmatched('name', 'names')).toEqual([{ name: 'names' }])
  })

  it('are told part by part where commas stand between them, unless a column has the commas', () => {
    expect(unmatched('name,emial', 'name', 'emial')).toEqual([{ name: 'emial', nearest: 'E-Mail' }])
    expect(unmatched('Notes, old', 'Notes', ' old')).toEqual([])
    expect(unmatched('name,', 'name', '')).toEqual([])
    expect(unmatched('a,b')).toEqual([{ name: 'a,b' }])
  })

  it('may be columns that only the mapping has', async () => {
    const mapping = await loadMapping('hubspot')
    const [name = ''] = mapping.columns.keys()
    expect(unmatchedNames([name], header, mapping)).toEqual([])
  })
})
