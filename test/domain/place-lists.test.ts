import { array, assert, nat, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { createPlaceLists } from '../../src/domain/place-lists.ts'

it('lists of places give back what each was given, the newest first', () => {
  const somePlace = record({
    list: nat(5),
    place: record({
      row: nat(),
      line: nat(),
      length: nat(),
      offset: nat(Number.MAX_SAFE_INTEGER),
    }),
  })
  assert(
    property(array(somePlace, { maxLength: 200, size: 'max' }), (places) => {
      const lists = createPlaceLists(6)
      for (const { list, place } of places) lists.add(list, place)
      for (let wanted = 0; wanted < 6; wanted++) {
        const expected = places.filter(({ list }) => list === wanted).map(({ place }) => place)
        expect([...lists.newestFirst(wanted)]).toEqual(expected.toReversed())
      }
    }),
  )
})
