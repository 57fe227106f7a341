import { expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import { createDriftPrecondition } from '../../../src/engine/plan-source.ts'
import { customerId, updateOf } from '../../support/rig.ts'

const known = { id: 'address_1', name: 'Jo', line_1: 'Main 1', zip: '' }
const appended = { name: 'Jo', line_1: 'Side 2' }
const made = { ...appended, id: 'address_2', line_2: '', created_at: 1 }

const hasDrifted = async (before: readonly JsonObject[], held: readonly JsonObject[]) => {
  const precondition = createDriftPrecondition({ before: () => Promise.resolve({ addresses: before }) })
  const customer = { id: customerId, addresses: held }
  const request = updateOf({ addresses: [{ name: 'Jo', line_1: 'Third 3' }] })
  return 'outcome' in (await precondition({ request, customer, isInDoubt: false }))
}

it.each([
  ['is as it was', [known], [known], false],
  ['has got something where it was empty', [known], [{ ...known, zip: '10115' }], true],
  ['has got another key', [known], [{ ...known, city: 'Berlin' }], true],
  ['is gone for another', [known], [{ ...known, id: 'address_9' }], true],
  ['has got company', [known], [known, made], true],
  ['was appended by an earlier row of the plan', [known, appended], [known, made], false],
  ['was appended as something else', [known, appended], [known, { ...made, line_1: 'Else' }], true],
])('judges an address that %s', async (_, before, held, drifted) => {
  expect(await hasDrifted(before, held)).toBe(drifted)
})
