import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/model/json.ts'
import { findUndoValues, toUndoPatch } from '../../src/rapyd/undo-values.ts'

const confirmed = (...patches: readonly JsonObject[]) =>
  patches.map((patch) => ({ patch, isConfirmed: true }))
const image = { name: 'Old', email: '', metadata: { tier: 'silver', kept: 1 }, coupon: '', addresses: [] }

describe('the inverse of what rows wrote', () => {
  it('takes the last confirmed value as what was left, and the image as what was before', () => {
    const { sure } = findUndoValues(image, confirmed({ name: 'A' }, { name: 'B', email: 'b@c.de' }))
    expect(sure).toEqual({
      name: { left: ['B'], before: 'Old' },
      email: { left: ['b@c.de'], before: '' },
    })
  })

  it('has nothing to do where the run left what was there', () => {
    expect(findUndoValues(image, confirmed({ name: 'A' }, { name: 'Old' }))).toEqual({
      sure: {},
      doubtful: {},
      impossible: [],
    })
  })

  it('looks for what a row in doubt wrote, beside what was confirmed before it', () => {
    const writes = [...confirmed({ name: 'A' }), { patch: { name: 'B' }, isConfirmed: false }]
    const { sure } = findUndoValues(image, writes)
    expect(sure).toEqual({ name: { left: ['A', 'B'], before: 'Old' } })
    for (const name of ['A', 'B'])
      expect(toUndoPatch(sure, { name })).toMatchObject({ patch: { name: 'Old' }, kept: [] })
    expect(toUndoPatch(sure, { name: 'Old' })).toMatchObject({ patch: {}, already: ['name'] })
    expect(toUndoPatch(sure, { name: 'C' })).toMatchObject({ patch: {}, kept: ['name'] })
    // A field that is not shown tells nothing.
    expect(toUndoPatch(sure, {})).toMatchObject({ patch: {}, kept: ['name'] })
  })

  it('puts keys of metadata back one by one, and leaves those of others', () => {
    const { sure, impossible } = findUndoValues(image, confirmed({ metadata: { tier: 'gold', fresh: 'x' } }))
    expect(impossible).toEqual(['metadata.fresh'])
    const held = { metadata: { tier: 'gold', fresh: 'theirs', kept: 1, other: true } }
    expect(toUndoPatch(sure, held)).toEqual({
      patch: { metadata: { ...held.metadata, tier: 'silver' } },
      kept: ['metadata.fresh'],
      already: ['metadata.kept'],
    })
  })

  it('puts back keys that the run has not named where Rapyd has replaced metadata', () => {
    const { sure } = findUndoValues(
      image,
      confirmed({ metadata: { other: 1 } }, { metadata: { tier: 'gold' } }),
    )
    const all = { tier: 'silver', kept: 1 }
    expect(toUndoPatch(sure, { metadata: { tier: 'gold' } }).patch).toEqual({ metadata: all })
    expect(toUndoPatch(sure, { metadata: { tier: 'gold', kept: 1, other: 1 } }).patch).toEqual({
      metadata: { ...all, other: '' },
    })
    // What somebody else has made of such a key is theirs, and nothing that a rollback left out.
    expect(toUndoPatch(sure, { metadata: { tier: 'gold', kept: 2 } })).toMatchObject({
      patch: { metadata: { tier: 'silver', kept: 2 } },
      kept: [],
    })
  })

  it('cannot put back what Rapyd did not show, and does not take its absence for a blank', () => {
    const { sure, doubtful, impossible } = findUndoValues(image, confirmed({ occupation: '', name: 'A' }))
    expect({ sure, doubtful }).toEqual({ sure: { name: { left: ['A'], before: 'Old' } }, doubtful: {} })
    expect(impossible).toEqual(['occupation'])
    expect(findUndoValues({ ...image, occupation: 'Baker' }, confirmed({ occupation: '' })).sure).toEqual({
      occupation: { left: [''], before: 'Baker' },
    })
  })

  it('puts back what a blank has taken from metadata', () => {
    const { sure } = findUndoValues(image, confirmed({ metadata: '' }))
    expect(toUndoPatch(sure, { metadata: {} }).patch).toEqual({ metadata: { tier: 'silver', kept: 1 } })
  })

  it('blanks metadata as a whole where there was none and nobody has added to it', () => {
    const { doubtful } = findUndoValues({ metadata: {} }, confirmed({ metadata: { tier: 'gold' } }))
    expect(toUndoPatch(doubtful, { metadata: { tier: 'gold' } }).patch).toEqual({ metadata: '' })
    expect(toUndoPatch(doubtful, { metadata: { tier: 'gold', other: 1 } }).patch).toEqual({
      metadata: { tier: '', other: 1 },
    })
  })

  it('keeps apart what Rapyd may refuse, and names what it cannot take back', () => {
    const writes = confirmed({ name: 'A', ewallet: 'ewallet_1', coupon: 'C', addresses: [{ line_1: 'L' }] })
    const { sure, doubtful, impossible } = findUndoValues({ ...image, name: '', ewallet: '' }, writes)
    expect(sure).toEqual({})
    expect(Object.keys(doubtful)).toEqual(['name', 'ewallet'])
    expect(impossible).toEqual(['coupon', 'addresses'])
    expect(findUndoValues(image, confirmed({ coupon: '', addresses: [] })).impossible).toEqual([])
  })
})
