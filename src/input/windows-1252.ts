/**
 * Windows-1252. TextDecoder gives control characters for the five bytes that it does not define, and in some versions of
 * Node for all from 0x80 to 0x9f; here the five are broken and the others are what Windows means by them.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { Decoder } from './decoder.ts'
import { characterEnd } from './utf8.ts'

/** The characters of 0x80 to 0x9f; a blank where there is none. */
const special = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ'
const upper = /[\u0080-\u009f]/g
const undefinedBytes = /[\u0081\u008d\u008f\u0090\u009d]/

export function windows1252Decoder(): Decoder {
  // Text in UTF-8 is good Windows-1252 too, and every accented letter in it would come out as two others.
  let rest: Buffer = Buffer.alloc(0)
  let isPlain = true
  let isOther = false

  function look(block: Buffer): void {
    if (isOther || (rest.length === 0 && isAscii(block))) return
    isPlain = false
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    const end = characterEnd(bytes)
    isOther = !isUtf8(bytes.subarray(0, end))
    rest = Buffer.from(bytes.subarray(end))
  }

  return {
    write(block) {
      look(block)
      const text = block.toString('latin1')
      const broken = text.search(undefinedBytes)
      const good = broken < 0 ? text : text.slice(0, broken)
      return {
        text: good.replace(upper, (character) => special.charAt(character.charCodeAt(0) - 0x80)),
        brokenAt: broken < 0 ? undefined : broken,
      }
    },
    kept: 0,
    get looksLikeUtf8() {
      return !isPlain && !isOther && rest.length === 0
    },
  }
}
