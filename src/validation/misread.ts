/** Finds texts that were read with the wrong encoding, by decoding them back: what comes out must be less odd. */
import { codePageNames, decodeFrom, encodeIn } from '../input/code-pages.ts'
import { isOfSeveralBytes, openDecoder, otherEncodings } from '../input/encoding.ts'
import { countOddities } from '../input/oddities.ts'

/** `twice`: UTF-8 that was read as a code page. `page`: a code page that was read as Windows-1252, or that as another page. */
export type Misreading = 'twice' | 'page'

/** Most texts, found quickly: single accented letters of the west, characters of East Asia, or only Russian letters. */
const plain =
  /^(?:[\0-\x7f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|(?<![^\0-\x7f])[áéíóúäëöüñß](?![^\0-\x7f]))*$|^[\0-@[-`{-~А-я]*$/

/** Returns undefined for a text that is as it should be. */
export function findMisreading(text: string): Misreading | undefined {
  if (plain.test(text)) return undefined
  const oddities = countOddities(text)
  if (oddities === 0) return undefined
  const isBetter = (other: string | undefined): boolean =>
    other !== undefined && other !== text && countOddities(other) < oddities
  if (codePageNames().some((page) => isBetter(decodeTwice(text, page)))) return 'twice'
  if (wasWestern(text)) return 'page'
  const bytes = encodeIn('windows-1252', text)
  if (bytes === undefined) return undefined
  const isOfPage =
    codePageNames().some((page) => isBetter(decodeFrom(page, bytes))) ||
    otherEncodings.some((encoding) => isOfSeveralBytes(encoding) && isBetter(openDecoder(encoding)(bytes)))
  return isOfPage ? 'page' : undefined
}

/** A small Latin letter next to one of another script, as in `Jьrgen`. People write `VIPклиент` and `5 μmol`. */
const other = String.raw`(?![\p{scx=Latn}\p{scx=Zinh}])\p{L}`
const mixed = new RegExp(`[a-z]${other}|(?!μ)${other}[a-z]`, 'u')

/** True for a text of Windows-1252 that was read as a page of another script. */
function wasWestern(text: string): boolean {
  if (!mixed.test(text)) return false
  return codePageNames().some((page) => {
    const bytes = encodeIn(page, text)
    return bytes !== undefined && countOddities(decodeFrom('windows-1252', bytes)) === 0
  })
}

const utf8 = new TextDecoder()
/** Characters of UTF-8, some of which may have lost bytes to which the code page gives no character. */
const characters = /^(?:[\xc2-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf4][\x80-\xbf]{0,3})+$/

function decodeTwice(text: string, page: string): string {
  return text.replace(/[^\0-\x7f]+/g, (run) => {
    const bytes = encodeIn(page, run)
    if (bytes === undefined || !characters.test(bytes.toString('latin1'))) return run
    const decoded = utf8.decode(bytes)
    return decoded.replaceAll('\ufffd', '').length * 4 >= decoded.length ? decoded : run
  })
}
