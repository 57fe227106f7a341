/**
 * Texts that programs write in the place of a value: NULL of databases and data frames, and the errors of spreadsheets in their
 * languages. Case, spaces, quotes and brackets do not count, except in words that are names of people as well (Nan, Nat, Nil).
 */
import { isInvisible, trimInvisible } from '../model/invisible.ts'
import { decodeHtml } from '../model/wrappers.ts'
import texts from './suspects.json' with { type: 'json' }

const toSet = (list: string): ReadonlySet<string> => new Set(list.split('|'))
const markers = toSet(texts.markers)
const spelt = toSet(texts.spelt)
const bracketed = toSet(texts.bracketed)
const wholes = toSet(texts.wholes)
const unfinished = toSet(texts.unfinished)
const numbered = toSet(texts.numbered)
const errors = new Set(
  Object.values(texts.errors).flatMap((words) => words.split(' ').map((word) => `#${word.toLowerCase()}`)),
)

/** How all of these begin, so that most texts are done with at once. */
const beginning = new RegExp(
  `^[\\s\\p{DI}\\p{Ps}\\p{Pi}\\p{Pd}<"'\`]*(?:$|[#＃&<]|=""$|n\\s*/|object|system\\.|${[
    markers,
    spelt,
    bracketed,
    wholes,
    unfinished,
    numbered,
  ]
    .flatMap((list) => Array.from(list, (text) => RegExp.escape(text.slice(0, 3))))
    .join('|')})`,
  'iu',
)

/** Longer texts are none of these, but for a row of `#`. */
const longest = 60

const around = /^[\s\p{Ps}\p{Pi}<"'`]+|[\s\p{Pe}\p{Pf}>"'`]+$/gu
/** A guard without a text. */
const emptyGuard = /^(?:=""|')$/
const inBrackets = /^[\p{Ps}<].*[\p{Pe}>]$/su
/** Objects of JavaScript, and types of .NET: `System.String[]`. */
const printedObjects = /^(?:(?:\[object \w+\][\s,;|]*)+|System\.[A-Z]\w+[\w.[\]`,+]*)$/i
/** An error whose language is not in the list: no word in lower case ends so. */
const shoutedError = /^#(?!\p{Ll})\p{L}[^\p{Ll}\s#]{1,40}\s?[!?]$/u

/** True for texts of spaces only, too. */
export function isSuspectBlank(text: string): boolean {
  if (!beginning.test(text)) return false
  if (emptyGuard.test(text) || (/^\s*[&<]/.test(text) && isInvisible(decodeHtml(text)))) return true
  // Columns of fixed width fill a text up with spaces.
  const filled = trimInvisible(text)
  if (filled === '' || filled.length > longest) return /^#*$/.test(filled)
  const bare = filled.normalize('NFKC').replace(around, '')
  return bare.startsWith('#') ? isSheetError(bare) : isMarkerOrNotice(filled, bare.toLowerCase())
}

function isMarkerOrNotice(text: string, lower: string): boolean {
  return (
    wholes.has(lower) ||
    wholes.has(text.toLowerCase()) ||
    isMarker(text.replace(/\s*\/\s*/g, '/')) ||
    isMarkers(text.split(/[\s,;|]+/)) ||
    isMarkers(text.split(/[\s,;|/\p{Pd}]+/u)) ||
    printedObjects.test(text) ||
    unfinished.has(/^(.+?)\s?(?:\.{3}|…)$/.exec(lower)?.[1] ?? '') ||
    numbered.has(/^(\p{L}+)\s?:\s?5\d\d$/u.exec(lower)?.[1] ?? '')
  )
}

/** `bare` begins with `#`. A cell that is too narrow for its value shows only that. */
function isSheetError(bare: string): boolean {
  const error = bare.toLowerCase().replace(/[¡¿\s]/g, '')
  return (
    /^#{2,}$/.test(error) ||
    error.startsWith('#n/a') ||
    errors.has(error) ||
    errors.has(error.replace(/!$/, '')) ||
    shoutedError.test(bare)
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
