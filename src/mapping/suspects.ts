/**
 * Texts that programs write in the place of a value: NULL of databases and data frames, and the errors of spreadsheets in their
 * languages. Case, spaces, quotes and brackets do not count, except in words that are names of people as well (Nan, Nat, Nil).
 */
import { isInvisible, trimInvisible } from '../model/invisible.ts'
import { decodeHtml } from '../model/wrappers.ts'
import texts from './suspects.json' with { type: 'json' }

const toSet = (list: string): ReadonlySet<string> => new Set(list.normalize('NFKC').split('|'))
const markers = toSet(texts.markers)
const spelt = toSet(texts.spelt)
const bracketed = toSet(texts.bracketed)
const wholes = toSet(texts.wholes)
const unfinished = toSet(texts.unfinished)
const numbered = toSet(texts.numbered)
const errors = new Set(
  Object.values(texts.errors).flatMap((words) => words.split(' ').map((word) => `#${word.toLowerCase()}`)),
)

/** How all of these begin, by their first character, so that most texts are done with at once. */
const starts = Map.groupBy(
  new Set(
    [
      texts.markers,
      texts.spelt,
      texts.bracketed,
      texts.wholes,
      texts.unfinished,
      texts.numbered,
      texts.printed,
    ]
      .flatMap((list) => list.split('|'))
      .map((text) => text.slice(0, 4).toLowerCase()),
  ),
  (start) => start.slice(0, 1),
)
const listed = Array.from(
  starts,
  ([first, list]) =>
    `${RegExp.escape(first)}(?:${list.map((start) => RegExp.escape(start.slice(1))).join('|')})`,
)
const beginning = new RegExp(
  `^[\\s\\p{DI}\\p{Ps}\\p{Pi}\\p{Pd}<"'\`*~/@$%:_]*(?:$|[#＃&<]|=""$|n\\s*/|%!|00(?:0[01])?[./-]|0?[01][./-]0?[01][./-](?:0001|1900)|1900-01-00|(?:1753|1601|1899)-|-0001|3[01][./]12[./]1899|12/3[01]/1899|0?1[./]0?1[./]1[67]|[bl][\\w.$;]*@[\\da-f]{5,8}$|${listed.join('|')})`,
  'iu',
)

/** Longer texts are none of these, but for a row of `#`. */
const longest = 60

const around = /^[\s\p{Ps}\p{Pi}\p{Pd}<"'`*~/@$%:_]+|[\s\p{Pe}\p{Pf}\p{Pd}>"'`*~/@$%:_]+$/gu
/** A guard without a text. */
const emptyGuard = /^(?:=""|')$/
const inBrackets = /^[\p{Ps}<].*[\p{Pe}>]$/su
/** Objects of JavaScript, types of .NET (`System.String[]`), formats of Go, and parts that were joined without a space. */
const printed =
  /^(?:(?:\[object \w+\][\s,;|]*)+|System\.[A-Z]\w+[\w.[\]`,+]*|%![a-z]\((?:<nil>|missing|\w+=)\)|(?:null|undefined){2,})$/is
/** Objects of JavaScript inside others, of Java, Python, Ruby, Perl and Lua, and empty ones of R. */
const printedObject =
  /^(?:\[(?:Object|Array|Circular|Function(?:: \w+)?)\]|\[?[\w.$]*[.[][A-Z][\w$]*(?:\.[\w$]+)*;?@[\da-f]{5,8}|#?<[\w.:]+(?: object at |:)0x[\dA-Fa-f]+>|(?:HASH|ARRAY|CODE|SCALAR)\(0x[\da-f]+\)|table: 0x[\da-f]+|(?:character|numeric|integer|logical)\(0\)|list\(\))$/
/** The first day of a calendar, for a date that is missing. */
const noDate =
  /^(?:(?:1753|1601)-01-01|0?1[./]0?1[./](?:1753|1601)|1899-12-3[01]|3[01][./]12[./]1899|12\/3[01]\/1899|-0001-11-30|0000([-/.])00\1(?:00)|00([-/.])00\2(?:0000)|0001-01-01|0?1([-/.])0?1\3(?:0001)|1900-01-00|(?:0?0[/.]0?1|0?1\/0?0)[/.]1900)(?:[T\s][\d:.,+\sA-Z-]*)?$/
/** An error whose language is not in the list: no word in lower case ends so. */
const shoutedError = /^#(?!\p{Ll})\p{L}[^\p{Ll}\s#]{1,40}\s?[!?]$/u

/** True for texts of spaces only, too. */
export function isSuspectBlank(text: string): boolean {
  if (!beginning.test(text)) return false
  if (emptyGuard.test(text) || (/^\s*[&<]/.test(text) && isInvisible(decodeHtml(text)))) return true
  // Columns of fixed width fill a text up with spaces.
  const filled = trimInvisible(text)
  if (filled === '' || filled.length > longest) return /^#*$/.test(filled)
  const folded = filled.normalize('NFKC')
  if (printedObject.test(folded)) return true
  const bare = folded.replace(around, '')
  return bare.startsWith('#') ? isSheetError(bare) : isMarkerOrNotice(folded, bare.toLowerCase())
}

function isMarkerOrNotice(text: string, lower: string): boolean {
  return (
    wholes.has(lower) ||
    wholes.has(text.toLowerCase()) ||
    isMarker(text.replace(/\s*\/\s*/g, '/')) ||
    isMarkers(text.split(/[\s,;|]+/)) ||
    isMarkers(text.split(/[\s,;|/\p{Pd}]+/u)) ||
    printed.test(text) ||
    noDate.test(text) ||
    unfinished.has(/^(.+?)\s?(?:\.{3}|…)$/.exec(lower)?.[1] ?? '') ||
    numbered.has(/^(\p{L}+)\s?:\s?5\d\d$/u.exec(lower)?.[1] ?? '')
  )
}

/** `bare` begins with `#`. A cell that is too narrow for its value shows only that. A text that was joined may hold several. */
function isSheetError(bare: string): boolean {
  return /^[#\s]{2,}$/.test(bare) || bare.split(/[\s,;|/]*(?=#)/).every(isError)
}

/** Errors that are no words: an apartment may be `#NAME`. */
const errorWord = /(?<![^\s,;:(["'])#[¡¿]?\p{Lu}[^\p{Ll}\s,;#)]*/gu

/** True if a word of a longer text is an error of a spreadsheet: `Ann #N/A`. */
export function holdsSheetError(text: string): boolean {
  return Array.from(text.matchAll(errorWord), ([word]) => word.replace(/[¡¿]/, '')).some(
    (word) => word === '#NV' || (/[!?/]/.test(word) && (errors.has(word.toLowerCase()) || word === '#N/A')),
  )
}

function isError(text: string): boolean {
  const error = text.toLowerCase().replace(/[¡¿\s]/g, '')
  return (
    error.startsWith('#n/a') ||
    errors.has(error) ||
    errors.has(error.replace(/!$/, '')) ||
    numbered.has(error.slice(1)) ||
    shoutedError.test(text)
  )
}

/** Several are left of a name whose parts were all empty: `null null`. */
function isMarkers(words: readonly string[]): boolean {
  const filled = words.filter((word) => word.replace(around, '') !== '')
  return filled.length > 0 && filled.every(isMarker)
}

function isMarker(word: string): boolean {
  const bare = word.replace(around, '')
  const lower = bare.toLowerCase()
  return spelt.has(bare) || markers.has(lower) || (bracketed.has(lower) && inBrackets.test(word))
}
