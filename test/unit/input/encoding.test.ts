import { describe, expect, it } from 'vitest'
import { detectEncoding, type Encoding } from '../../../src/input/encoding.ts'

const le = (text: string) => Buffer.from(text, 'utf16le')
const be = (text: string) => le(text).swap16()
const utf32 = (text: string) =>
  Buffer.concat(Array.from(text, (one) => Buffer.concat([le(one), Buffer.alloc(2)])))
const csv = 'customer;name\r\n'

describe('the encoding of a text', () => {
  it.each<[string, Buffer, Encoding]>([
    ['plain ASCII', Buffer.from(csv), 'utf-8'],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${csv}`), 'utf-8'],
    ['UTF-8 with accents', Buffer.from('é;東\n'), 'utf-8'],
    ['UTF-16 with its mark', le(`\ufeff${csv}`), 'utf-16le'],
    ['UTF-16 with its mark, the other way', be(`\ufeff${csv}`), 'utf-16be'],
    ['UTF-16 with its mark and no ASCII', le('\ufeff東京'), 'utf-16le'],
    ['UTF-16 without a mark', le(csv), 'utf-16le'],
    ['UTF-16 without a mark, the other way', be(csv), 'utf-16be'],
    ['UTF-16 that is one character', le('a'), 'utf-16le'],
    ['Windows-1252, which is not guessed', Buffer.from('name\nJos\u00e9\n', 'latin1'), 'utf-8'],
    ['a NUL byte or two in a cell', Buffer.from('a,b\n1,x\0y\n2,\0\n'), 'utf-8'],
    [
      'a NUL byte at every other place of a cell',
      Buffer.from(`customer,name\n1,${'x\0'.repeat(9)}\n`),
      'utf-8',
    ],
  ])('is seen of %s', (_what, start, encoding) => {
    expect(detectEncoding(start, undefined, 'crm.csv')).toBe(encoding)
  })

  it.each<[string, Buffer, Encoding]>([
    ['Windows-1252', Buffer.from('Jos\u00e9', 'latin1'), 'windows-1252'],
    ['UTF-16 without a mark and with little ASCII', le('東京東京東京東京東京,大阪\n'), 'utf-16le'],
    ['UTF-8', Buffer.from(csv), 'utf-8'],
  ])('is what --encoding says of %s', (_what, start, encoding) => {
    expect(detectEncoding(start, encoding, 'crm.csv')).toBe(encoding)
  })

  it.each<[string, Buffer, Encoding, string]>([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${csv}`), 'windows-1252', 'the mark of UTF-8 (utf-8)'],
    ['UTF-16 with its mark', le(`\ufeff${csv}`), 'windows-1252', 'the mark of UTF-16 (utf-16le)'],
    ['UTF-16 the other way', be(`\ufeff${csv}`), 'utf-16le', 'the mark of UTF-16 (utf-16be)'],
    ['UTF-16 with its mark', le(`\ufeff${csv}`), 'utf-8', 'the mark of UTF-16 (utf-16le)'],
    ['ASCII', Buffer.from(csv), 'utf-16le', 'holds no utf-16le'],
  ])('of %s is not %s by --encoding', (_what, start, wanted, message) => {
    expect(() => detectEncoding(start, wanted, 'crm.csv')).toThrow(
      expect.objectContaining({
        kind: 'INPUT',
        code: 'E_ENCODING',
        message: expect.stringContaining(message),
      }),
    )
  })

  it.each([
    ['with its mark', utf32(`\ufeff${csv}`)],
    ['without a mark', utf32(csv)],
    ['the other way', utf32(csv).swap32()],
    ['the other way with its mark', utf32(`\ufeff${csv}`).swap32()],
  ])('is refused where it is UTF-32 %s, with what to do', (_what, start) => {
    expect(() => detectEncoding(start, undefined, 'crm.csv')).toThrow(
      expect.objectContaining({ code: 'E_BINARY', remedy: expect.stringContaining('iconv -f UTF-32') }),
    )
  })
})
