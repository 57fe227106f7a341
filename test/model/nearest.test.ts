import { describe, expect, it } from 'vitest'
import { didYouMean, editDistance, nearest } from '../../src/model/nearest.ts'

describe('the nearest name', () => {
  const options = ['concurrency', 'confirm-production', 'limit', 'quiet', 'run-id', 'runs-dir']

  it.each([
    ['concurency', 'concurrency'],
    ['Run ID', 'run-id'],
    ['rundir', 'runs-dir'],
    ['conf', 'confirm-production'],
    ['limits', 'limit'],
    ['verbose', undefined],
    ['', undefined],
    ['x'.repeat(1_000_000), undefined],
  ])('to %.20s is %s', (name, expected) => expect(nearest(name, options)).toBe(expected))

  it('is the name itself where it is there, before one that it begins', () =>
    expect(nearest('name', ['names', 'name'])).toBe('name'))

  it('is offered as a question, or not at all', () => {
    expect(didYouMean('limit')).toBe('Did you mean "limit"? ')
    expect(didYouMean(undefined)).toBe('')
  })
})

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['abc', '', 3],
    ['', 'abc', 3],
  ])('of %s and %s is %i', (left, right, distance) => expect(editDistance(left, right)).toBe(distance))
})
