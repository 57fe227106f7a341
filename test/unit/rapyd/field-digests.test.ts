import { describe, expect, it } from 'vitest'
import { createFieldDigests } from '../../../src/rapyd/field-digests.ts'

const customerId = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const digests = createFieldDigests('sk_0123456789abcdef')

describe('digests of fields', () => {
  // States of earlier versions hold these digests: with other values every field would count as changed.
  it('are what they were in every version', () => {
    expect(digests.keyCheck).toBe('wVEYPU36OPHeGmML')
    expect(digests.of(customerId, '{"name":"José 東","metadata":{"b":null,"a":[1,""]}}')).toEqual({
      name: 'SleRXV1FSrsrnaoh',
      metadata: 'YLd5PbjcQLilFawJ',
    })
  })

  it('say nothing about the order of keys, and differ by customer and by key', () => {
    const [one, other] = [
      digests.of(customerId, '{"metadata":{"a":1,"b":2}}'),
      digests.of(customerId, '{"metadata":{"b":2,"a":1}}'),
    ]
    expect(one).toEqual(other)
    expect(digests.of('cus_other', '{"metadata":{"a":1,"b":2}}')).not.toEqual(one)
    expect(createFieldDigests('sk_other').of(customerId, '{"metadata":{"a":1,"b":2}}')).not.toEqual(one)
  })
})
