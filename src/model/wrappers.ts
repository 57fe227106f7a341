/** What exports write around or into texts: HTML, guards against formulas, and the fraction of a whole number. */
import entityTable from './html-entities.json' with { type: 'json' }

/** Most texts have none of it. */
const mayHaveHtml = /&[#a-z]|<[/!a-z]/i
/** Some are known without their semicolon, too. Those of letters may stand before other letters. */
const entity =
  /&(?:(#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});|(amp|nbsp|quot|apos)(?![\w=;])|(#\d{2,5}|[a-z](?:acute|grave|circ|uml|tilde)|ccedil|szlig)(?![\d=;]))/gi
const tag = /<(?:!--[^<>]*|(\/?)([a-z][\w:-]*)(\s[^<>]*|\/)?)>/gi
const closingTag = /<\/([a-z][\w:-]*)\s*>/gi
/** Elements that are often left open, and are no words that people put into brackets. */
const openElements = /^(?:br|hr|wbr|p|div|span|strong|em|ul|ol|td|tr|h[1-6])$/i
/** Elements that begin on a line of their own. */
const breaks = /^(?:br|hr|p|div|h[1-6]|ul|ol|li|tr|table|blockquote|pre)$/i
/** A text that was encoded several times. */
const mostRounds = 4

/** Of HTML 5, but with a plain space for `nbsp`. Created for the first entity, because most files have none. */
let entities: ReadonlyMap<string, string> | undefined
const windows1252 = new TextDecoder('windows-1252')

/** The text as a browser shows it, with plain spaces for `&nbsp;`. Returns the text itself if it holds no HTML. */
export function decodeHtml(text: string): string {
  let decoded = text
  for (let round = 0; round < mostRounds && mayHaveHtml.test(decoded); round++)
    decoded = withoutTags(decoded.replace(entity, decodeEntity))
  return decoded
}

function decodeEntity(whole: string, exact: string | undefined, open = '', letter = ''): string {
  const name = exact ?? (open.toLowerCase() || letter)
  if (name.startsWith('#')) return decodeNumber(Number(`0${name.slice(1)}`)) ?? whole
  entities ??= new Map(Object.entries(entityTable))
  // Some systems write all letters as capitals, these as well: &UUML;
  const small = name === name.toUpperCase() ? (entities.get(name.toLowerCase()) ?? '') : ''
  return entities.get(name) ?? (/^\p{L}$/u.test(small) ? small.toUpperCase() : whole)
}

/** Numbers of Windows-1252 are read as browsers do. Undefined for characters that no text can hold. */
function decodeNumber(point: number): string | undefined {
  if (point === 0xa0) return ' '
  if (point >= 0x80 && point < 0xa0) return windows1252.decode(Uint8Array.of(point))
  const isCharacter = point >= 0x20 ? point <= 0x10ffff && point !== 0x7f : [9, 10, 13].includes(point)
  return isCharacter && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : undefined
}

/** Keeps what only looks like a tag: `a < b`, `<3`, `<ann@example.com>`, `<none>`. */
export function withoutTags(given: string): string {
  const text = given.includes('<![CDATA[') ? given.replace(/<!\[CDATA\[|\]\]>/g, '') : given
  const closed = new Set(Array.from(text.matchAll(closingTag), ([, name = '']) => name.toLowerCase()))
  let hasBreaks = false
  const bare = text.replace(tag, (whole: string, slash: string, name = '', rest = '') => {
    const isComplete = name === '' || slash === '/' || /[\w:-]\s*=|\/$/.test(rest)
    if (!isComplete && !closed.has(name.toLowerCase()) && !openElements.test(name)) return whole
    if (!breaks.test(name)) return ''
    hasBreaks = true
    return '\n'
  })
  if (!hasBreaks) return bare
  const lines = bare.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}

/** `="0123"` or `=T("0123")`. */
const textFormula = /^=\s*(?:T\()?\s*["“”]((?:[^"“”]|"")*)["“”]\)?$/i
const quoteSigns = `'"’‘\`´`
const startsFormula = /^[=＝+＋@＠\-－]/
/** A number, or a code in one word. Shorter ones may be years: '68, '90S. */
const longCode = /^(?=0|.{4})(?=\D*\d)(?:[\d\s().,/:-]+|[\p{Lu}\d.,/:_-]+)$/u
const mayBeGuarded = /^[\s='"’‘`´]|\t$/

/**
 * The text without what keeps a spreadsheet from reading it as a formula or a number: `="0123"`, an apostrophe or a tab in front.
 * In a text of a fixed form every quote is one; in others it must stand before a sign or a code (`'t Hooft` is a name). Else
 * undefined.
 */
export function unguard(text: string, hasForm: boolean): string | undefined {
  if (!mayBeGuarded.test(text)) return undefined
  const core = text.trim()
  const [, inner] = textFormula.exec(core) ?? []
  if (inner !== undefined) return inner.replaceAll('""', '"')
  const isGuarded = (rest: string): boolean => hasForm || startsFormula.test(rest) || longCode.test(rest)
  const isQuoted = core.length > 1 && quoteSigns.includes(core.charAt(0))
  if (isQuoted && quoteSigns.includes(core.slice(-1))) return hasForm ? core.slice(1, -1) : undefined
  if (isQuoted && core[0] !== '"') return isGuarded(core.slice(1)) ? core.slice(1) : undefined
  const hasTab = text.startsWith('\t') || text.endsWith('\t')
  return hasTab && core !== '' && isGuarded(core) ? core : undefined
}

/** A function, a cell, a number, another sheet or file, a text that is joined, an error, a list. */
const formulaStart =
  /^(?:\{?[=＝][+@-]?(?:[\p{L}_.]+[(|]|\$?[A-Z]{1,3}\$?\d|[\p{L}\d_]+\[|\d|[\p{L}\d_.]+!|'[^']+'!|\[[^\]]+\]|"[^"]*"\s*&|#\p{Lu}|\{.*\})|[@+-][A-Z.]{2,}\(.*\)$)/su

/** A formula that was exported in the place of its value. */
export function isFormula(text: string): boolean {
  return formulaStart.test(text)
}

/** True for `12345.0`. Three zeros may be thousands. */
export function hasFraction(text: string): boolean {
  return /^\+?\d+[.,](?!000$)0+$/.test(text)
}

/** `12345.0` as the whole number that it is. Longer numbers lose digits when they become decimal. */
export function withoutFraction(text: string): string {
  return hasFraction(text) ? text.replace(/^(\+?\d{1,15})[.,]0+$/, '$1') : text
}
