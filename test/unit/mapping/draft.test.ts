/** A draft is a mapping file that can be read. */
import { array, asyncProperty, assert, string } from '../../support/properties.ts'
import { expect, it } from 'vitest'
import { draftMapping } from '../../../src/mapping/draft.ts'
import { matchHeader } from '../../../src/mapping/headers.ts'
import { parseMapping } from '../../../src/mapping/mapping-file.ts'
import { createProfiler } from '../../../src/mapping/column-profile.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

it('drafts what can be read again, whatever columns are called', async () => {
  await assert(
    asyncProperty(array(string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), async (names) => {
      const header = ['customer', ...new Set(names)].filter(
        (name) => !/^customer$|^__proto__$/.test(name) || name === 'customer',
      )
      const columns = [...new Set(header)]
        .filter((name) => name.isWellFormed())
        .map((name) => {
          const profiler = createProfiler()
          profiler.add(name === 'customer' ? id(1) : 'x')
          return {
            name,
            filled: 1,
            blank: 0,
            distinct: { count: 1, more: false },
            profile: profiler,
          }
        })
      const mapping = await parseMapping(draftMapping('f', columns).text, 'draft')
      expect(mapping.customer?.name).toBe('customer')
      expect([...mapping.columns.keys()].toSorted()).toEqual(
        columns
          .map(({ name }) => name)
          .filter((name) => name !== 'customer')
          .toSorted(),
      )
    }),
    { numRuns: 200 },
  )
  const mapping = await parseMapping(
    draftMapping('f', [
      {
        name: 'id',
        filled: 0,
        blank: 0,
        distinct: { count: 0, more: false },
        profile: createProfiler(),
      },
    ]).text,
    'draft',
  )
  expect(matchHeader(['id'], [], mapping)).toMatchObject([{ name: 'id', isId: true }])
})
