/** E-mail addresses: whether a text is one, and what is wrong with it if not. */
import { domainToASCII } from 'node:url'
import { findInvisible } from '../model/invisible.ts'
import { findLookAlike } from '../model/look-alikes.ts'

const longest = 512
const longestHostName = 253

/** Letters, marks and digits, and the punctuation that RFC 5892 allows in labels. */
const letters = String.raw`\p{L}\p{M}\p{Nd}\p{Join_C}\u00b7\u0375\u05f3\u05f4\u30fb`

/** Quotes at the ends of the part before the `@` come from a mail program. An apostrophe inside is part of a name. */
function localPart(others: string): RegExp {
  return new RegExp(String.raw`^(?!['\x60])[\w.!#$%&*+\/=?^\{\|\}~'\x60\-${others}]+(?<!['\x60])@`, 'v')
}

const asciiLocal = localPart('')
const anyLocal = localPart(String.raw`${letters}\p{Emoji}\p{VS}`)
/** Labels begin and end with a letter or digit, and the last one is no number. */
const asciiHost = /^(?:[a-zA-Z\d]+(?:-+[a-zA-Z\d]+)*\.)+(?!\d+$)[a-zA-Z\d]+(?:-+[a-zA-Z\d]+)*$/
const longestLabel = 63
const tooLongLabel = /[^.]{64}/
const labels = new RegExp(String.raw`^[${letters}.\-]+$`, 'v')
const ascii = /^[\0-\x7f]*$/
/** What a program shows in the place of an address: `j***@example.com`. */
const masked = '**'
/** Full-width letters and signs, and the full stop of Chinese and Japanese. */
const fullWidth = /[\uff01-\uff5e\u3002\uff61]/

export function isEmail(text: string): boolean {
  if (text.length > longest || text.includes(masked) || !isHostName(text.slice(text.indexOf('@') + 1)))
    return false
  if (ascii.test(text)) return asciiLocal.test(text)
  if (!anyLocal.test(text) || fullWidth.test(text)) return false
  return findInvisible(text) === undefined && findLookAlike(text) === undefined
}

/** At least two labels. The IDNA of the URL standard checks joiners and Punycode too. */
function isHostName(domain: string): boolean {
  const isPlain = ascii.test(domain) && !domain.includes('--')
  const host = isPlain || !labels.test(domain) ? domain : domainToASCII(domain)
  if (host.length > longestHostName || !asciiHost.test(host)) return false
  return host.length <= longestLabel || !tooLongLabel.test(host)
}

/** An address inside a text. Quadratic, so only for texts of the longest address. */
const inside =
  /[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}.'+_%-]*[\p{L}\p{M}\p{N}_+-])?@(?:[\p{L}\p{M}\p{N}-]+\.)+[\p{L}\p{M}\p{N}-]+/gu
const quotes = /[\p{QMark}`\u00b4]/u

/** Says what is wrong with a text that is no address, and what is around the address. Never holds the address. */
export function describeEmailDefect(text: string): string {
  const noAddress = `not a valid e-mail address of at most ${longest} characters`
  if (text.length > longest) return noAddress
  if (fullWidth.test(text)) return 'holds full-width characters'
  if (text.includes(masked)) return 'an address whose letters are masked'
  const [address, ...others] = new Set(text.toLowerCase().match(inside))
  if (others.length > 0) return 'several e-mail addresses in one cell'
  if (address !== undefined && address !== text.toLowerCase())
    return describeWrapper(text.toLowerCase().replaceAll(address, ' ').trim())
  if (quotes.test(text.replace(/(?<=[^@'])'(?=[^@'])/g, ''))) return 'quotes in or around the address'
  if (findLookAlike(text) !== undefined) return 'holds a letter of another alphabet, which only looks alike'
  const [, domain] = /^[^@]+@([^@]+)$/.exec(text) ?? []
  return domain === undefined || isHostName(domain) ? noAddress : 'what follows the @ is not a host name'
}

function describeWrapper(around: string): string {
  const hasText = /[\p{L}\p{N}]/u.test(around)
  if (around === '') return 'spaces around the address'
  if (/\p{L}:/u.test(around)) return 'a prefix such as "mailto:" before the address'
  if (/[<>]/.test(around)) return hasText ? 'a name before the address' : 'angle brackets around the address'
  if (quotes.test(around)) return 'quotes in or around the address'
  if (hasText) return 'other text before or after the address'
  return /[\p{Ps}\p{Pe}]/u.test(around)
    ? 'brackets around the address'
    : 'punctuation before or after the address'
}
