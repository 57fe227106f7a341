import { createHmac } from 'node:crypto'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHmacHex } from '../../src/rapyd/hmac.ts'

const expected = (key: string, message: string) => createHmac('sha256', key).update(message).digest('hex')

describe('createHmacHex', () => {
  it('makes what createHmac makes, for any key and any text', () => {
    const text = string({ unit: 'grapheme', maxLength: 300 })
    assert(
      property(text, text, text, (key, one, other) => {
        const hmac = createHmacHex(key)
        expect([hmac(one), hmac(other)]).toEqual([expected(key, one), expected(key, other)])
      }),
    )
  })

  it('takes keys longer than a block and messages longer than its buffer', () => {
    const hmac = createHmacHex('k'.repeat(80))
    for (const length of [0, 21_800, 21_825, 65_472, 65_473, 300_000]) {
      for (const message of ['x'.repeat(length), '東'.repeat(length)])
        expect(hmac(message)).toBe(expected('k'.repeat(80), message))
    }
  })
})
