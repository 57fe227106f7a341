/** UTF-16 in blocks that may end inside a character. */
import type { Decoder } from './decoder.ts'

export function utf16Decoder(encoding: 'utf-16le' | 'utf-16be'): Decoder {
  let kept: Buffer = Buffer.alloc(0)
  return {
    write(block) {
      const before = kept.length
      const bytes = before === 0 ? block : Buffer.concat([kept, block])
      const end = wholeUnits(bytes, encoding)
      kept = Buffer.from(bytes.subarray(end))
      const text = textOf(bytes.subarray(0, end), encoding)
      if (text.isWellFormed()) return { text, brokenAt: undefined }
      const broken = loneSurrogate(text)
      return { text: text.slice(0, broken), brokenAt: broken * 2 - before }
    },
    get kept() {
      return kept.length
    },
    looksLikeUtf8: false,
  }
}

/** Up to the last whole unit that is not the first half of a surrogate pair. */
function wholeUnits(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): number {
  const end = bytes.length - (bytes.length % 2)
  const high = bytes[end - (encoding === 'utf-16le' ? 1 : 2)] ?? 0
  return high >= 0xd8 && high <= 0xdb ? end - 2 : end
}

function textOf(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): string {
  // The bytes are somebody else's: they are swapped in a copy.
  return (encoding === 'utf-16le' ? bytes : Buffer.from(bytes).swap16()).toString('utf16le')
}

/** Of a text that is not well-formed. */
function loneSurrogate(text: string): number {
  let at = 0
  for (const character of text) {
    if (!character.isWellFormed()) return at
    at += character.length
  }
  return at
}
