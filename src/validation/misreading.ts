/** Texts that were read with the wrong encoding, found by decoding them back. */
import { codePageNames, decodeFrom, encodeIn, isOfSeveralBytes, otherEncodings } from '../input/code-pages.ts'
import { isEncoding, openDecoder } from '../input/encoding.ts'
import { countOddities } from '../input/oddities.ts'

/** `twice`: UTF-8 that was read as a code page. `page`: a code page that was read as Windows-1252, or that as another page. */
type Misreading = 'twice' | 'page'

/** Most texts, found quickly: single accented letters of the west, characters of East Asia, or only Russian letters. */
const plainText =
  /^(?:[\0-\x7f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|(?<![^\0-\x7f])[áéíóúäëöüñß](?![^\0-\x7f]))*$|^(?!.*(?<![А-я])[а-я][А-Я]{2})[\0-@[-`{-~А-я]*$/s

export type FindMisreading = (text: string) => Misreading | undefined

/** After so many odd texts of a file that were read in no other encoding, only the last one found is tried: a search takes milliseconds. */
const mostUnfound = 1_000

/** Returns a function for the texts of one file, which returns undefined for a text that is as it should be. */
export function createFindMisreading(): FindMisreading {
  /** The encodings in which the last such text was read, and was written: those of the other texts are the same. */
  let last: readonly [string, string] = ['windows-1252', 'windows-1251']
  let unfound = 0

  function isOfOtherPage(odd: Odd): boolean {
    const pages = unfound < mostUnfound ? codePageNames() : []
    const several = unfound < mostUnfound ? severalBytes : []
    const readings = new Set([last[0], ...pages, ...(eastAsian.test(odd.text) ? several : [])])
    const writings = new Set([last[1], ...pages, ...several])
    for (const readAs of readings) {
      const bytes = encodeIn(readAs, odd.text)
      const page =
        bytes && [...writings].find((name) => name !== readAs && isRight(decode(name, bytes), readAs, odd))
      if (page === undefined) continue
      last = [readAs, page]
      return true
    }
    unfound++
    return false
  }

  return (text) => {
    const hasEastAsian = eastAsianInLatin.test(text)
    if (!hasEastAsian && plainText.test(text))
      return hasRareHan(text) && wasEastAsian(text) ? 'page' : undefined
    const oddities = countOddities(text)
    if (oddities === 0) return neverWritten.test(text) ? 'page' : undefined
    const pages = [...(hasEastAsian ? severalBytes : []), ...codePageNames()]
    if (pages.some((page) => isBetter(decodeTwice(text, page), { text, oddities }))) return 'twice'
    if (wasWestern(text) || neverWritten.test(text)) return 'page'
    return isOfOtherPage({ text, oddities }) ? 'page' : undefined
  }
}

const severalBytes = otherEncodings.filter(isOfSeveralBytes)
const eastAsian = /[\u3041-\uffdf]/

interface Odd {
  readonly text: string
  readonly oddities: number
}

function isBetter(other: string, { text, oddities }: Odd): boolean {
  return other !== text && countOddities(other) < oddities
}

/** True if nothing odd is left in `other`. Windows-1252 is so often the wrong one that less is enough. */
function isRight(other: string | undefined, readAs: string, odd: Odd): boolean {
  if (other === undefined) return false
  if (readAs === 'windows-1252') return isBetter(other, odd)
  const { text, oddities } = odd
  const leastOfCase = signInWord.test(text) ? 1 : 2
  const least = /(?![a-z])\p{Ll}/iu.test(other) ? leastOfCase : Math.max(2, text.length / 4)
  return oddities >= least && countOddities(other) === 0
}

/** A sign inside of a word. */
const sign = String.raw`(?![\p{L}\p{M}\p{N}\p{Z}’‘–—])[^\0-\x7f]`
const signInWord = new RegExp(String.raw`\p{L}{2}(?:${sign})+\p{L}|\p{L}(?:${sign})+\p{L}{2}`, 'u')

function decode(page: string, bytes: Buffer): string | undefined {
  return isEncoding(page) && isOfSeveralBytes(page) ? openDecoder(page)(bytes) : decodeFrom(page, bytes)
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
  const pages = insideLatin.test(text) ? severalBytes : []
  return [...pages, ...codePageNames()].some((page) => {
    const bytes = encodeIn(page, text)
    return bytes !== undefined && countOddities(decodeFrom('windows-1252', bytes)) === 0
  })
}

/** In no word of any language, whatever page it was read in: `йЧБО`, `╚трэ`, `ĘÁŞŇÂ`. People write `кВт`. */
const neverWritten = new RegExp(
  [
    String.raw`(?<!\p{L})(?=\p{Ll}\p{Lu}{2})(?:\p{sc=Cyrl}{3}|\p{sc=Grek}{3})`,
    String.raw`[\u2500-\u259f](?=\p{L})|(?<=\p{L})[\u2500-\u259f]|\p{Co}{2}|\p{sc=Han}\p{Co}|\p{Co}\p{sc=Han}|\p{sc=Han}[\u0370-\u04ff]\p{sc=Han}`,
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
  return severalBytes.some((given) => {
    const bytes = encodeIn(given, text)
    if (bytes === undefined) return false
    return severalBytes.some((other) => {
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
