import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import { findUndoValues, toUndoPatch } from '../../../src/rapyd/undo-values.ts'

const confirmed = (...patches: readonly JsonObject[]) =>
  patches.map((patch) => ({ patch, isConfirmed: true }))
const snapshot = { name: 'Old', email: '', metadata: { tier: 'silver', kept: 1 }, coupon: '', addresses: [] }

describe('the undo values of a customer', () => {
  it('take the last confirmed value as what was left, and the snapshot as what was before', () => {
    const { sure } = findUndoValues(snapshot, confirmed({ name: 'A' }, { name: 'B', email: 'b@c.de' }))
    expect(sure).toEqual({
      name: { left: ['B'], before: 'Old' },
      email: { left: ['b@c.de'], before: '' },
    })
  })

  it('are none if the run left what was there', () => {
    expect(findUndoValues(snapshot, confirmed({ name: 'A' }, { name: 'Old' }))).toEqual({
      sure: {},
      mayBeRefused: {},
      impossible: [],
    })
  })

  it('accept what a row in doubt wrote as well as what was confirmed before it', () => {
    const writes = [...confirmed({ name: 'A' }), { patch: { name: 'B' }, isConfirmed: false }]
    const { sure } = findUndoValues(snapshot, writes)
    expect(sure).toEqual({ name: { left: ['A', 'B'], before: 'Old' } })
    for (const name of ['A', 'B'])
      expect(toUndoPatch(sure, { name })).toMatchObject({ patch: { name: 'Old' }, kept: [] })
    expect(toUndoPatch(sure, { name: 'Old' })).toMatchObject({ patch: {}, already: ['name'] })
    expect(toUndoPatch(sure, { name: 'C' })).toMatchObject({ patch: {}, kept: ['name'] })
    // A field that is not shown proves nothing.
    expect(toUndoPatch(sure, {})).toMatchObject({ patch: {}, kept: ['name'] })
  })

  it('put keys of metadata back one by one, and leave those that others changed', () => {
    const { sure, impossible } = findUndoValues(
      snapshot,
      confirmed({ metadata: { tier: 'gold', fresh: 'x' } }),
    )
    expect(impossible).toEqual(['metadata.fresh'])
    const held = { metadata: { tier: 'gold', fresh: 'theirs', kept: 1, other: true } }
    expect(toUndoPatch(sure, held)).toEqual({
      patch: { metadata: { ...held.metadata, tier: 'silver' } },
      kept: ['metadata.fresh'],
      already: ['metadata.kept'],
    })
  })

  it('put back keys that the run has not named if Rapyd has replaced metadata', () => {
    const { sure } = findUndoValues(
      snapshot,
      confirmed({ metadata: { other: 1 } }, { metadata: { tier: 'gold' } }),
    )
    const all = { tier: 'silver', kept: 1 }
    expect(toUndoPatch(sure, { metadata: { tier: 'gold' } }).patch).toEqual({ metadata: all })
    expect(toUndoPatch(sure, { metadata: { tier: 'gold', kept: 1, other: 1 } }).patch).toEqual({
      metadata: { ...all, other: '' },
    })
    // A key that others have changed since is theirs; a rollback does not count it as left out.
    expect(toUndoPatch(sure, { metadata: { tier: 'gold', kept: 2 } })).toMatchObject({
      patch: { metadata: { tier: 'silver', kept: 2 } },
      kept: [],
    })
  })

  it('cannot put back what Rapyd did not show, and do not take its absence for a blank', () => {
    const { sure, mayBeRefused, impossible } = findUndoValues(
      snapshot,
      confirmed({ occupation: '', name: 'A' }),
    )
    expect({ sure, mayBeRefused }).toEqual({
      sure: { name: { left: ['A'], before: 'Old' } },
      mayBeRefused: {},
    })
    expect(impossible).toEqual(['occupation'])
    expect(findUndoValues({ ...snapshot, occupation: 'Baker' }, confirmed({ occupation: '' })).sure).toEqual({
      occupation: { left: [''], before: 'Baker' },
    })
  })

  it('put back what a blank has removed from metadata', () => {
    const { sure } = findUndoValues(snapshot, confirmed({ metadata: '' }))
    expect(toUndoPatch(sure, { metadata: {} }).patch).toEqual({ metadata: { tier: 'silver', kept: 1 } })
  })

  it('blank all of metadata if there was none and no key was added since', () => {
    const { mayBeRefused } = findUndoValues({ metadata: {} }, confirmed({ metadata: { tier: 'gold' } }))
    expect(toUndoPatch(mayBeRefused, { metadata: { tier: 'gold' } }).patch).toEqual({ metadata: '' })
    expect(toUndoPatch(mayBeRefused, { metadata: { tier: 'gold', other: 1 } }).patch).toEqual({
      metadata: { tier: '', other: 1 },
    })
  })

  it('separate what Rapyd may refuse, and name what cannot be undone', () => {
    const writes = confirmed({ name: 'A', ewallet: 'ewallet_1', coupon: 'C', addresses: [{ line_1: 'L' }] })
    const { sure, mayBeRefused, impossible } = findUndoValues({ ...snapshot, name: '', ewallet: '' }, writes)
    expect(sure).toEqual({})
    expect(Object.keys(mayBeRefused)).toEqual(['name', 'ewallet'])
    expect(impossible).toEqual(['coupon', 'addresses'])
    expect(findUndoValues(snapshot, confirmed({ coupon: '', addresses: [] })).impossible).toEqual([])
  })
})
