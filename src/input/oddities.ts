/** Counts what is in no name and no text, unless bytes were read with the wrong encoding. */
import alphabets from './alphabets.json' with { type: 'json' }
import { decodeFrom, encodeIn } from './code-pages.ts'
import wordsByPage from './misread-words.json' with { type: 'json' }

/** Signs that code pages have in the places of letters. No word has them inside. */
const sign = '¡-©«¬®-³¶¸¹»-¿÷ˆˇ˘-˝‚“-„†‡…‰‹›€™'
/** Signs of mathematics and frames. */
const drawn = '[\u2200-\u22ff\u2310-\u2321\u2500-\u25ff]'
const letter = '[\\p{L}\\p{M}]'
const beyondAscii = '[^\\0-\x7f]'

const odd = (): RegExp =>
  new RegExp(
    [
      // Control characters of Latin-1, private and unassigned characters.
      '[\u0080-\u009f\\p{Co}\\p{Cn}]',
      // Signs inside of a word, or where it starts or ends: Wa³êsa, £ukasz, Micha³.
      `(?<=${letter})[${sign}][${sign}‘’]*(?=${letter})`,
      `(?<!${letter})[£¯](?=\\p{Ll}{2})`,
      `(?<=\\p{Ll}{3})[¤¦¨¬¯³¸¼¾¿±](?!${letter})`,
      '(?<!(?<!\\p{L})[MmNn])[ªº](?=\\p{Ll})',
      `${drawn}(?=${beyondAscii}|${letter})|(?<=${beyondAscii}|${letter})${drawn}`,
      // The first byte of a character of UTF-8, and another.
      `[ÂÃÄÅ](?=[\u00a0-©«¬\u00ad¯±-³¶¸¹¼-¿ŒœŠšŸŽžƒˆ˜‚„†‡‰‹€]|[®°´·»‘-…›™]${letter})|Ã(?=[–—]${letter})`,
      `[à-ï](?=[${sign}´·‘’–—]{2})|(?<=\\p{L})µ|×(?=${beyondAscii})|â€|·É`,
      // A capital inside of a word: JosŽ, MŸller. Companies write AutoŠkola.
      `(?<=(?!ß)\\p{Ll})(?=${beyondAscii})(?!(?<=[aeiou])[ŠŽ]\\p{Ll}{2})\\p{Lu}`,
      `(?<=\\p{Lu})(?<!D(?=Ž))(?=${beyondAscii})\\p{Lu}(?=(?!ß)\\p{Ll})`,
      // A word of accented letters only: Èâàí. People write ÄÖÜ.
      `(?<!${letter})(?![ÄÖÜäöüß]+(?!${letter}))[À-ÖØ-öø-\u024f]{3,}(?!${letter})`,
      // Letters that are no neighbours in their language: Jiøí, Marijaniæ, Güneþ, Ðorðe.
      `[áíìùý]ø|ø[áíìùý]|(?:[oe]v|[jkz])iæ[aeu]?(?!${letter})|(?<=${letter}{3})iè(?!${letter})|oðlu(?!${letter})`,
      `þ(?![aeiouyáéíóúýæörvj])|(?<!${letter})ð(?=${letter})|(?<!${letter})Ð(?=\\p{Ll})`,
      // Letters of few languages.
      '[\u0180-\u018e\u0190-\u019f\u01a2-\u01ae\u01b1-\u01cc\u01dd-\u01e5\u01e8-\u0217\u021c-\u0258\u025a-\u02af\u0460-\u048f]',
    ].join('|'),
    'gu',
  )

/** Scripts of living languages (Unicode, UAX 31). Those of East Asia are written together. */
const scripts = [
  ...'Latn Cyrl Grek Arab Hebr Armn Geor Deva Beng Taml Telu Gujr Guru Knda Mlym Orya Sinh Thai Laoo Khmr Mymr Tibt Ethi Thaa'.split(
    ' ',
  ),
  'Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Bopo',
]
const ofOneScript = (): RegExp =>
  new RegExp(
    `^(?:${scripts.map((script) => `[\\p{scx=${script}}\\p{sc=Zyyy}\\p{sc=Zinh}]+`).join('|')})$`,
    'u',
  )
const words = /[\p{L}\p{M}]+/gu

const accents = new Set(Object.values(alphabets).join(''))
const ofOneAlphabet = new RegExp(
  `^(?:${Object.values(alphabets)
    .map((letters) => `[${letters}]*`)
    .join('|')})$`,
)

/** True if the letters beyond ASCII, all of Windows-1252, are of no one alphabet. Vietnamese words have one at most. */
function isOfNoAlphabet(word: string): boolean {
  const special = Array.from(word.toLowerCase()).filter((character) => character > '\x7f')
  return (
    special.length > 1 &&
    special.every((character) => accents.has(character)) &&
    !ofOneAlphabet.test(special.join(''))
  )
}

/** Frequent names of languages that lose letters in Windows-1252, as they are read there, in lower case. */
function listMisreadWords(): ReadonlySet<string> {
  const listed = Object.entries(wordsByPage).flatMap(([page, list]) => {
    const capitals = list.toLocaleUpperCase(page === 'windows-1254' ? 'tr' : 'en')
    return [...list.split(' '), ...capitals.split(' ')].flatMap((word) => {
      const bytes = encodeIn(page, word)
      const misread = bytes === undefined ? word : decodeFrom('windows-1252', bytes)
      return misread === word ? [] : [misread.toLowerCase()]
    })
  })
  return new Set(listed)
}

interface Patterns {
  readonly odd: RegExp
  readonly ofOneScript: RegExp
  readonly misreadWords: ReadonlySet<string>
}

/** Made when the first text needs them, because that takes some milliseconds. */
let patterns: Patterns | undefined

/** Returns 0 for nearly all texts that were read with the right encoding. */
export function countOddities(text: string): number {
  patterns ??= { odd: odd(), ofOneScript: ofOneScript(), misreadWords: listMisreadWords() }
  const { odd: oddPattern, ofOneScript: onePattern, misreadWords } = patterns
  const oddWords = text
    .match(words)
    ?.filter(
      (word) =>
        /[^\0-\x7f]/.test(word) &&
        (isOfNoAlphabet(word) || misreadWords.has(word.toLowerCase()) || !onePattern.test(word)),
    )
  return (text.match(oddPattern)?.length ?? 0) + (oddWords?.length ?? 0)
}
