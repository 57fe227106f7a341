import { iso31661 } from 'iso-3166'
import { expect, it } from 'vitest'
import codes from '../../src/rapyd/countries.json' with { type: 'json' }

it('the codes of countries are those of ISO 3166-1', () => {
  expect(codes).toEqual(iso31661.map(({ alpha2 }) => alpha2))
})
