/** Texts that were read with the wrong encoding, found by decoding them back. */
import { codePageNames, decodeFrom, encodeIn, isOfSeveralBytes, otherEncodings } from '../input/code-pages.ts'
import { isEncoding, openDecoder } from '../input/encoding.ts'
import { countOddities } from '../input/oddities.ts'

/** `twice`: UTF-8 that was read as a code page. `page`: a code page that was read as Windows-1252, or that as another page. */
type Misreading = 'twice' | 'page'

/** Most texts, found quickly: single accented letters of the west, characters of East Asia, or only Russian letters. */
const plainText =
  /^(?:[\0-\x7f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|(?<![^\0-\x7f])[áéíóúäëöüñß](?![^\0-\x7f]))*$|^(?!.*(?<![А-я])[а-я][А-Я])[\0-@[-`{-~А-я]*$/s

/** Returns undefined for a text that is as it should be. */
export function findMisreading(text: string): Misreading | undefined {
  const hasEastAsian = eastAsianInLatin.test(text)
  if (!hasEastAsian && plainText.test(text))
    return hasRareHan(text) && wasEastAsian(text) ? 'page' : undefined
  const oddities = countOddities(text)
  if (oddities === 0) return undefined
  const isBetter = (other: string | undefined): boolean =>
    other !== undefined && other !== text && countOddities(other) < oddities
  const pages = hasEastAsian ? otherEncodings.filter(isOfSeveralBytes) : []
  if ([...pages, ...codePageNames()].some((page) => isBetter(decodeTwice(text, page)))) return 'twice'
  if (wasWestern(text) || neverWritten.test(text)) return 'page'
  const bytes = encodeIn('windows-1252', text)
  if (bytes === undefined) return undefined
  const isOfPage =
    codePageNames().some((page) => isBetter(decodeFrom(page, bytes))) ||
    otherEncodings.some((encoding) => isOfSeveralBytes(encoding) && isBetter(openDecoder(encoding)(bytes)))
  return isOfPage ? 'page' : undefined
}

/** In no name, but in UTF-8 that was read as an encoding of East Asia: `Jos茅`, `M체ller`. People write `iPhone手机`. */
const eastAsianInLatin = /[a-z][\u3041-\uffdf]|[\u3041-\uffdf][a-z]/

/** A small Latin letter next to one of another script, as in `Jьrgen`. People write `VIPклиент`, `5 μmol` and, in Ghana, `Akyerεko`. */
const otherLetter = String.raw`(?![\p{scx=Latn}\p{scx=Zinh}])\p{L}`
const mixed = new RegExp(`[a-z](?!ε)${otherLetter}|(?![με])${otherLetter}[a-z]`, 'u')

/** Where one character of East Asia takes the places of two letters: `J黵gen`. */
const insideLatin = /[A-Za-z][\u3400-\u9fff][a-z]{2}/

/** True for a text of Windows-1252 that was read as a page of another script. */
function wasWestern(text: string): boolean {
  if (!mixed.test(text)) return false
  const pages = insideLatin.test(text) ? otherEncodings.filter(isOfSeveralBytes) : []
  return [...pages, ...codePageNames()].some((page) => {
    const bytes = encodeIn(page, text)
    return bytes !== undefined && countOddities(decodeFrom('windows-1252', bytes)) === 0
  })
}

/** In no word of any language, whatever page it was read in: `йЧБО`, `╚трэ`, `€ван`, `ĘÁŞŇÂ`, `¦wi±tek`. */
const neverWritten = new RegExp(
  [
    String.raw`(?<!\p{L})(?=\p{Ll}\p{Lu}\p{L})(?:\p{sc=Cyrl}{3}|\p{sc=Grek}{3})`,
    String.raw`[\u2500-\u259f](?=\p{L})|(?<=\p{L})[\u2500-\u259f]|\p{Co}{2}|\p{sc=Han}\p{Co}|\p{Co}\p{sc=Han}|\p{sc=Han}[\u0370-\u04ff]\p{sc=Han}`,
    String.raw`(?<![\d\s])[±¶¦¬¤ˇ˘˛˝†‡‰](?=\p{Ll})(?<=\p{L}.)`,
    String.raw`(?<![\p{L}\p{M}])(?![ÄÖÜäöüß]+(?!\p{L}))[À-ÖØ-öø-\u024f]{5,}(?![\p{L}\p{M}])`,
  ].join('|'),
  'u',
)

/** Characters of Chinese, Japanese and Korean names: the first level of each standard, kana and Hangul. */
let common: ReadonlySet<string> | undefined

function listCommon(): ReadonlySet<string> {
  const levels = [
    ['gb18030', 0xb0, 0xd7],
    ['shift_jis', 0x88, 0x97],
    ['big5', 0xa4, 0xc6],
  ] as const
  const characters = levels.flatMap(([encoding, first, last]) => {
    const trails = Array.from({ length: 0xff - 0x40 }, (_, index) => index + 0x40)
    const isOfLevel = (trail: number): boolean => encoding !== 'gb18030' || trail > 0xa0
    const leads = Array.from({ length: last - first + 1 }, (_, index) => index + first)
    const bytes = leads.flatMap((lead) => trails.filter(isOfLevel).flatMap((trail) => [lead, trail, 0x0a]))
    return new TextDecoder(encoding).decode(Uint8Array.from(bytes)).split('\n')
  })
  return new Set(characters.filter((character) => /^\p{sc=Han}$/u.test(character)))
}

const isCommon = (character: string): boolean =>
  character < '\x80' ||
  /[\u3041-\u30ff\uac00-\ud7a3]/.test(character) ||
  (common ??= listCommon()).has(character)

/** A name may have one rare character, but hardly two. */
function hasRareHan(text: string): boolean {
  if (!/[\u4e00-\u9fff]{2}/.test(text)) return false
  const characters = Array.from(text).filter((character) => character > '\x7f')
  const rare = characters.filter((character) => !isCommon(character)).length
  return rare > 1 && rare * 2 >= characters.length
}

/** True if the bytes of the text are common characters in another encoding of East Asia. */
function wasEastAsian(text: string): boolean {
  const encodings = otherEncodings.filter(isOfSeveralBytes)
  return encodings.some((given) => {
    const bytes = encodeIn(given, text)
    if (bytes === undefined) return false
    return encodings.some((other) => {
      const decoded = openDecoder(other)(bytes)
      return decoded !== undefined && decoded.length > 1 && Array.from(decoded).every(isCommon)
    })
  })
}

const utf8 = new TextDecoder()
/** Characters of UTF-8, some of which may have lost bytes to which the code page gives no character. */
const characters = /^(?:[\xc2-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf4][\x80-\xbf]{0,3})+$/

function decodeTwice(text: string, page: string): string {
  return text.replace(/[^\0-\x7f]+/g, (run) => {
    const bytes = encodeIn(page, run)
    if (bytes === undefined) return run
    const decoded = utf8.decode(bytes)
    if (isEncoding(page) && isOfSeveralBytes(page)) return /\ufffd|\p{M}/u.test(decoded) ? run : decoded
    if (!characters.test(bytes.toString('latin1'))) return run
    return decoded.replaceAll('\ufffd', '').length * 4 >= decoded.length ? decoded : run
  })
}
