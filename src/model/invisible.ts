/** Characters that nobody sees: where a text holds one, and where a script or an emoji needs it. */

/** Unicode has no property for the blank of braille, the marks around notes between lines and the place of an object. */
const withoutWidth = String.raw`[\p{DI}\u2800\ufff9-\ufffc]`
/** Unicode counts U+0085 as a space. In exports it is an ellipsis of Windows, decoded with the wrong encoding. */
const blank = String.raw`[${withoutWidth}[\p{White_Space}--\x85]]`
const visible = `(?!${blank}).`
const letter = String.raw`[\p{Lo}\p{Lm}\p{M}]`

/** Invisible characters at the places where the text needs them. */
const needed = new RegExp(
  [
    // A variation selector after its base. Letters with case have no variants, and ASCII only in keycaps.
    String.raw`(?<=[[[^\p{Cased}]\p{Emoji}]--[${blank}\0-\x7f]])\p{VS}|\ufe0f(?=\u20e3)`,
    // Inside one emoji: a family, the flag of a region.
    String.raw`(?<=\p{ExtPict}\ufe0f?|\p{EMod})\u200d(?=\p{ExtPict})`,
    String.raw`(?<=\p{EPres})[\u{e0020}-\u{e007e}]+\u{e007f}`,
    // Joiners between letters without case, and after the sign that takes the vowel from an Indic letter.
    String.raw`(?<=${letter})\p{Join_C}(?=${letter})`,
    String.raw`(?<=[[\p{M}&&\p{Dia}]--\p{Script=Inherited}])\p{Join_C}`,
    // At the end of a word: an Arabic letter in its joined form, and the Kurdish letter of heh and ZWNJ.
    String.raw`(?<=\p{Script=Arabic})\u200d|(?<=\u0647)\u200c`,
  ].join('|'),
  'gv',
)

/** Characters without a width, for names that are compared by their look. */
export const hidden = new RegExp(withoutWidth, 'gv')
/** Spaces of ASCII have messages of their own. */
const unusual = new RegExp(String.raw`[[${blank}\x80-\x9f]--[ \t\n\r]]`, 'v')
const onlyBlanks = new RegExp(String.raw`^[${blank}\x80-\x9f]*$`, 'v')
const anyBlank = new RegExp(blank, 'v')
const direction = /\p{Bidi_C}/u
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
const firstVisible = new RegExp(visible, 'sv')
const upToLastVisible = new RegExp(`^.*${visible}`, 'sv')

/** True for a text of which nothing is seen. */
export function isInvisible(text: string): boolean {
  return onlyBlanks.test(text)
}

/** The code point (`U+200B`) of the first character that is neither seen nor needed. Spaces of ASCII do not count. */
export function findInvisible(text: string): string | undefined {
  return unusual.test(text) ? firstUnusual(text.replace(needed, '')) : undefined
}

/** Between letters without case, where other scripts need more: the break between words of Khmer, a filler of Hangul. */
const amongLetters = new RegExp(String.raw`(?<=${letter})[\p{DI}--\u00ad](?=${letter})`, 'gv')

/** The same for names, in which spaces of any kind may be, and marks of direction if it is written from right to left. */
export function findInvisibleInside(text: string): string | undefined {
  if (!unusual.test(text)) return undefined
  const written = rightToLeft.test(text) ? text.replace(/\p{Bidi_C}/gu, '') : text
  return findInvisible(written.replace(/[\p{Zs}\x80-\x9f]/gu, ' ').replace(amongLetters, ''))
}

/** The same for the ends of a text of which something is seen. */
export function findInvisibleAtEnd(text: string): string | undefined {
  const core = trimInvisible(text)
  if (core === '' || core === text) return undefined
  const start = text.indexOf(core)
  const ends = text.slice(0, start) + text.slice(start + core.length)
  // A mark that opens or closes a part with another direction belongs to the text.
  const mayOpen = direction.test(ends) && direction.test(core) && rightToLeft.test(core)
  return mayOpen ? undefined : firstUnusual(ends)
}

/** The text without spaces of any kind and invisible characters at its ends. Those that it needs stay. */
export function trimInvisible(text: string): string {
  if (!anyBlank.test(text.slice(0, 2) + text.slice(-2))) return text
  const masked = text.replace(needed, (found) => 'x'.repeat(found.length))
  const end = upToLastVisible.exec(masked)?.[0].length ?? 0
  return text.slice(Math.max(0, masked.search(firstVisible)), end)
}

/** The text without marks of direction, which only texts from right to left need. */
export function withoutDirection(text: string): string {
  return rightToLeft.test(text) ? text : text.replace(/\p{Bidi_C}/gu, '')
}

function firstUnusual(text: string): string | undefined {
  const [found] = unusual.exec(text) ?? []
  return found === undefined ? undefined : codePointOf(found)
}

/** `U+200B` */
export function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
