import { describe, expect, it } from 'vitest'
import {
  didYouMean,
  editDistance,
  findNearest,
  printable,
  printableLines,
  shownKey,
  shownName,
  shownNames,
} from '../../../src/model/text.ts'

describe('a text in a message', () => {
  it.each([
    ['plain', 'Zoë 東 😀 "x" \\', 'Zoë 東 😀 "x" \\'],
    ['an escape sequence', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
    ['the one-byte CSI', 'a\u009b2Jb', 'a\\x9b2Jb'],
    ['NUL, bell and delete', '\0\u0007\u007f', '\\x00\\x07\\x7f'],
    ['what ends a line', 'a\r\nb\tc\u2028d', 'a\\r\\nb\\tc\\u2028d'],
    ['text that runs the other way', 'gpj.\u202efdp', 'gpj.\\u202efdp'],
    ['half of a surrogate pair', '\ud800', '\\ud800'],
  ])('with %s', (_what, text, shown) => expect(printable(text)).toBe(shown))

  it('keeps the line feeds of a text of several lines, and nothing else', () => {
    expect(printableLines('a\n\u001b[2J\r\n')).toBe('a\n\\x1b[2J\\r\n')
  })
})

describe('a name in a message', () => {
  it.each([
    ['E-Mail (privat)', 'E-Mail (privat)'],
    ['a\u001bb', 'a\\x1bb'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), `${'x'.repeat(63)}…`],
    ['😀'.repeat(500), `${'😀'.repeat(63)}…`],
  ])('of %.10j is bounded', (name, shown) => expect(shownName(name)).toBe(shown))

  it('is one of the first twenty, and the others are counted', () =>
    expect(shownNames(Array.from({ length: 22 }, (_, number) => `n${number}`))).toMatch(
      /^n0, .*, n19 and 2 more$/,
    ))

  it.each([
    ['metadata.Größe', 'metadata.Größe'],
    ['metadata.jane@example.com', 'metadata.…'],
    ['metadata.4111111111111111', 'metadata.…'],
    [`metadata.${'x'.repeat(100)}`, 'metadata.…'],
    ['coupon_1', 'coupon_1'],
    ['jane@example.com', '…'],
  ])('that a server gave is %j as %j', (path, shown) => expect(shownKey(path)).toBe(shown))
})

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
  ])('to %.20s is %s', (name, expected) => expect(findNearest(name, options)).toBe(expected))

  it('is the name itself if it is there, before a longer one that begins with it', () =>
    expect(findNearest('name', ['names', 'name'])).toBe('name'))

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
