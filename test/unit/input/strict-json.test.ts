import * as fc from '../../support/properties.ts'
import { describe, expect, test } from 'vitest'
import { readJsonLine } from '../../../src/input/rows.ts'

/** What the line is refused for: `CODE field`; or the record. */
function read(text: string): unknown {
  const line = readJsonLine(text)
  return 'record' in line ? line.record : `${line.problem.code} ${line.problem.field}`.trim()
}

function message(text: string): string {
  const line = readJsonLine(text)
  return 'problem' in line ? line.problem.message : ''
}

describe('a line that is one good object', () => {
  test.each([
    ['{}', {}],
    ['{"id":"cus_1","name":"José 東京 😀"}', { id: 'cus_1', name: 'José 東京 😀' }],
    ['  {"a" : [1, 2.5 , -3e-7] }\t', { a: [1, 2.5, -3e-7] }],
    [String.raw`{"a":"\u00e9\/\ud83d\ude00"}`, { a: 'é/😀' }],
    ['{"metadata":{"2":1,"1":2}}', { metadata: { 1: 2, 2: 1 } }],
    ['{"a":9007199254740992,"b":0.1234567890123456}', { a: 9007199254740992, b: 0.1234567890123456 }],
    ['{"a":{"x":1},"b":{"x":1}}', { a: { x: 1 }, b: { x: 1 } }],
    ['{"note":"say __proto__ 1234567890123456789"}', { note: 'say __proto__ 1234567890123456789' }],
    ['{"note":"1.50, 1.50"}', { note: '1.50, 1.50' }],
    ['{"note":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', { note: '['.repeat(34) }],
  ])('%s is read as it is', (text, record) => {
    expect(read(text)).toEqual(record)
  })

  test('holds 32 levels', () => {
    const text = `{"a":${'['.repeat(31)}${']'.repeat(31)}}`
    expect(read(text)).toEqual(JSON.parse(text))
  })
})

describe('what JSON.parse would drop or change is refused', () => {
  test.each([
    ['{"a":1,"a":2}', 'E_DUPLICATE_KEY a'],
    ['{"a":1,"a":1}', 'E_DUPLICATE_KEY a'],
    [String.raw`{"name":"x","n\u0061me":"y"}`, 'E_DUPLICATE_KEY name'],
    ['{"metadata":{"tier":1,"tier":2}}', 'E_DUPLICATE_KEY metadata.tier'],
    ['{"addresses":[{},{"city":"a","city":"b"}]}', 'E_DUPLICATE_KEY addresses[1].city'],
    ['{"__proto__":{"x":1}}', 'E_KEY __proto__'],
    ['{"metadata":{"__proto__":1}}', 'E_KEY metadata.__proto__'],
    [String.raw`{"\u005f_proto__":1}`, 'E_KEY __proto__'],
    ['{"a":1.50}', 'E_NUMBER a'],
    ['{"a":1.0}', 'E_NUMBER a'],
    ['{"a":1e400}', 'E_NUMBER a'],
    ['{"a":1e5}', 'E_NUMBER a'],
    ['{"a":-0}', 'E_NUMBER a'],
    ['{"a":12345678901234567890}', 'E_NUMBER a'],
    ['{"a":9007199254740993}', 'E_NUMBER a'],
    ['{"a":9007199254740994}', 'E_NUMBER a'],
    ['{"a":-9007199254740994}', 'E_NUMBER a'],
    ['{"a":1e+21}', 'E_NUMBER a'],
    ['{"metadata":{"list":[1,10.0]}}', 'E_NUMBER metadata.list[1]'],
    [String.raw`{"a":"\ud800"}`, 'E_NOT_WELL_FORMED a'],
    [String.raw`{"a":"\uDC00x"}`, 'E_NOT_WELL_FORMED a'],
    ['{"a":"\ud800"}', 'E_NOT_WELL_FORMED a'],
    [String.raw`{"metadata":{"\ud800":1}}`, 'E_NOT_WELL_FORMED metadata'],
  ])('%s is %s', (text, problem) => {
    expect(read(text)).toBe(problem)
  })

  test('the first of several defects counts, and text that is no JSON comes before all', () => {
    expect(read('{"a":1.50,"b":1,"b":2}')).toBe('E_NUMBER a')
    expect(read('{"a":1.50,"b":1,"b":2,}')).toBe('E_JSON')
  })
})

test.each(['null', '[]', '[{}]', '"x"', '3', '1.50', 'true', ' [1.50] '])('%s is no object', (text) => {
  expect(read(text)).toBe('E_NOT_OBJECT')
})

const nested = (open: string, close: string, levels: number) =>
  `{"metadata":${open.repeat(levels - 1)}${close.repeat(levels - 1)}}`

describe('depth', () => {
  test.each([33, 10_000, 1_000_000])('%i levels of arrays are refused', (levels) => {
    expect(read(nested('[', ']', levels))).toBe('E_DEPTH metadata')
  })

  test('so are objects, and text that never closes them', () => {
    expect(read(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)).toBe('E_DEPTH a')
    expect(read('{"a":'.repeat(100_000))).toBe('E_DEPTH a')
    expect(read('['.repeat(100_000))).toBe('E_DEPTH')
  })
})

describe('text that is no JSON', () => {
  test.each([
    ['{"a":1,}', 8],
    ['{"a":1}{"a":2}', 8],
    ['{"a":1} x', 9],
    ['{"a":1', 7],
    ['{"a":"x', 8],
    ['{a:1}', 2],
    ["{'a':1}", 2],
    ['{"a":01}', 7],
    ['{"a":.5}', 6],
    ['{"a":+1}', 6],
    ['{"a":NaN}', 6],
    ['{"a":nul}', 6],
    ['{"a":"\t"}', 7],
    [String.raw`{"a":"\x41"}`, 8],
    [String.raw`{"a":"\u00g0"}`, 8],
    ['{"a":[1,]}', 9],
    ['{"a":[1 2]}', 9],
    ['\ufeff{"a":1}', 1],
    ['{"a":1}\ufeff', 8],
    ['\u00a0{"a":1}', 1],
    ['', 1],
  ])('%j is refused at column %i', (text, column) => {
    expect(read(text)).toBe('E_JSON')
    expect(message(text)).toMatch(new RegExp(`at column ${column}$`))
  })

  test('is not repeated in the message', () => {
    expect(message('{"email":"secret@example.com",')).not.toContain('secret')
    expect(message('secret')).not.toContain('secret')
  })
})

/** Records as JSON.stringify writes them: without what the reader must refuse. */
const records = fc
  .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }))
  .map((record): unknown => JSON.parse(JSON.stringify(record)))
  .filter((record) => {
    const text = JSON.stringify(record)
    return !/__proto__|\\ud|[0-9]{16}|e\+/.test(text)
  })

/** The same record written by another program: spaces between tokens, every so many characters an escape. */
function rewrite(record: unknown, space: string, everyNth: number): string {
  let count = 0
  return JSON.stringify(record).replaceAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    if (!token.startsWith('"')) return `${space}${token}${space}`
    return token.replaceAll(/\\.[0-9a-f]{0,4}|[^"\\]/g, (character) => {
      count += 1
      if (character.length > 1 || count % everyNth !== 0) return character
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
  })
}

describe('for any record', () => {
  test('what JSON.stringify writes is read back the same', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(readJsonLine(JSON.stringify(record))).toEqual({ record })
      }),
      { numRuns: 500 },
    )
  })

  test('white space and escapes make no difference', () => {
    const spaces = fc.constantFrom('', ' ', '\t ', '\r', '  ')
    fc.assert(
      fc.property(records, spaces, fc.integer({ min: 1, max: 9 }), (record, space, everyNth) => {
        expect(readJsonLine(rewrite(record, space, everyNth))).toEqual({ record })
      }),
      { numRuns: 500 },
    )
  })

  test('a damaged line is refused as no JSON exactly where JSON.parse refuses it', () => {
    const damage = fc.constantFrom(
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '\\',
      '0',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      'u',
      'l',
    )
    fc.assert(
      fc.property(records, damage, fc.nat(), fc.boolean(), (record, piece, where, replace) => {
        const text = JSON.stringify(record)
        const at = where % (text.length + 1)
        const damaged = text.slice(0, at) + piece + text.slice(replace ? at + 1 : at)
        const line = readJsonLine(damaged)
        const refused = 'problem' in line && line.problem.code === 'E_JSON'
        expect({ damaged, refused }).toEqual({ damaged, refused: !parses(damaged) })
      }),
      { numRuns: 1500 },
    )
  })
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
