import { describe, expect, it } from 'vitest'
import { textProblem } from '../../../src/mapping/cells.ts'

const isRefused = (text: string) =>
  textProblem(text, 'name', undefined, { blank: 'clear', nullValues: new Set(), literals: new Set() })
    ?.code === 'E_CONTROL_CHAR'

describe('a control character', () => {
  it('is refused, but for tab, line feed and what is above ASCII', () => {
    const refused = Array.from({ length: 0x1_0000 }, (_, code) => code).filter((code) =>
      isRefused(`a${String.fromCharCode(code)}b`),
    )
    const expected = Array.from({ length: 0x20 }, (_, code) => code).filter(
      (code) => code !== 9 && code !== 10,
    )
    expect(refused).toEqual([...expected, 0x7f])
  })

  it.each([
    ['a\r\nb', false],
    ['a\rb', true],
    ['a\r', true],
    ['a\r\r\n', true],
  ])('that ends a line is part of one that does: %j', (text, refused) =>
    expect(isRefused(text)).toBe(refused),
  )
})
