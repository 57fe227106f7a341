import { describe, expect, it } from 'vitest'
import { printable, printableLines } from '../../src/model/printable.ts'

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
