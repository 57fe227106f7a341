/**
 * The look of a cell without what it says: an example for messages. Letters become `a` or `A` and digits `9`; signs stay,
 * because the defect is mostly one of them.
 */

/** Characters that an example shows at most. */
const longest = 40

/** Texts that say nothing about anybody. */
const errorOrEmpty = /^(?:#[A-Z0-9/]{2,8}[!?]?|\(?(?:null|nil|none|nan|n\/a|undefined)\)?)$/i

/** What ids begin with is Rapyd's own. */
const idStart = /^\s*(?:cus|ewallet|card|other|address|payment|coupon)_/

/** A number that a spreadsheet has shortened: its digits go, its form stays. */
const shortened = /^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i

/** Signs that Unicode counts among the symbols and that say nothing. */
const plainSigns = new Set('+<=>$~^`|\ufffd')

/** Of 40 characters at most. Zeros at the start stay: whether one is there is often the question. */
export function masked(text: string): string {
  if (errorOrEmpty.test(text)) return text
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  if (shortened.test(cut)) return cut.replace(/\d/g, '9')
  const start = idStart.exec(cut)?.[0] ?? ''
  const zeros = /^0*/.exec(cut.slice(start.length))?.[0] ?? ''
  const rest = cut.slice(start.length + zeros.length)
  return start + zeros + rest.replace(/[\p{L}\p{M}\p{N}\p{S}]/gu, maskedCharacter)
}

function maskedCharacter(character: string): string {
  if (plainSigns.has(character)) return character
  if (/\p{N}/u.test(character)) return '9'
  if (!/\p{L}/u.test(character)) return '·'
  return /\p{Lu}/u.test(character) ? 'A' : 'a'
}
