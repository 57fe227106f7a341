/**
 * Texts that make patterns go back again and again. A pattern whose work grows with the square of a text would need minutes for
 * these, and the test would run into its limit; no time is measured.
 */
import { describe, expect, it } from 'vitest'
import { findWrappers, mayBeWrapped, textDamage, toTextColumn } from '../../../src/validation/damage.ts'
import { decodeHtml, isFormula, unguard, withoutFraction } from '../../../src/model/wrappers.ts'
import { maskCell } from '../../../src/validation/findings.ts'
import { describeDeception, isOurColumn, toPlainForm } from '../../../src/mapping/column-names.ts'
import { printable } from '../../../src/model/text.ts'
import { detectFormat } from '../../../src/input/format.ts'
import { readJsonLine } from '../../../src/input/rows.ts'
import { textProblem } from '../../../src/mapping/cells.ts'
import { createProfiler } from '../../../src/mapping/column-profile.ts'
import { findFix } from '../../../src/mapping/fixes.ts'
import { targetOf } from '../../../src/mapping/targets.ts'
import { compileTransform } from '../../../src/mapping/transforms.ts'
import { describeIdDefect, isCustomerId, customerFields } from '../../../src/rapyd/customer-fields.ts'

const long = 300_000
const pumps = [
  'a',
  '0',
  ' ',
  '\n',
  '\t',
  '"',
  '\\',
  '"\\',
  '.',
  'a.',
  '@',
  '@a.',
  '+',
  '+1 ',
  '(',
  '( 0',
  '-',
  '/',
  '[',
  '{',
  '{ ',
  '\u00c3',
  '\u00e9',
  '1E',
  ',',
  'a,"',
  ';',
  ':',
  'cus_',
  '\r',
  '\u2028',
  '&',
  '&a',
  '&amp;',
  '&#1',
  '<',
  '<a',
  '<a ',
  '<a =',
  '</a>',
  '<br>',
  '<!--',
  '=""',
  '.0',
  "'",
]
const heads = ['a@', '+1', 'cus_', '1.', '"', '{"a":"', '\n{', 'mailto:', '.', '="', '<a ', "'0"]
const tails = ['', '!', '\u0000', '1', '"', '}']

const ruled = customerFields.filter(({ rule }) => rule !== undefined)

/** Each pump alone and behind one of the heads, with an end that lets the whole match fail. */
const texts = pumps.flatMap((pump, index) => {
  const body = pump.repeat(Math.ceil(long / pump.length))
  return [
    body + tails[index % tails.length],
    heads[index % heads.length] + body + tails[(index + 1) % tails.length],
  ]
})

texts.push(`1.${'0'.repeat(long)}1`)

const places: Readonly<Record<string, (text: string) => unknown>> = {
  'rules of fields': (text) =>
    ruled.map(({ name, rule }) =>
      textProblem(text, name, rule, { blank: 'clear', nullValues: new Set(), literals: new Set() }),
    ),
  'rules of ids': (text) => [isCustomerId(text), describeIdDefect(text)],
  'what the checks look for': (text) => [
    textDamage(text, false, true),
    textDamage(text, true, false),
    maskCell(text),
  ],
  'what exports write around texts': (text) => [
    decodeHtml(text),
    unguard(text, true),
    isFormula(text),
    withoutFraction(text),
    mayBeWrapped.test(text),
    [...findWrappers(text, toTextColumn(text, true, text))],
  ],
  'names of columns': (text) => [
    targetOf(text),
    isOurColumn(text),
    describeDeception(text),
    toPlainForm(text),
  ],
  'what a terminal may get': printable,
  'the beginning of a file': (text) => [detectFormat(text, 'crm.ndjson'), detectFormat(text, text)],
  'lines of JSON': (text) => [readJsonLine(text), readJsonLine(JSON.stringify({ a: text }))],
  profiles: (text) => createProfiler().add(text),
}

describe('a hostile text', () => {
  it.each(Object.entries(places))('takes linear time: %s', (_, look) => {
    for (const text of texts) expect(() => look(text)).not.toThrow()
  })

  it('takes linear time: fixes of cells', () => {
    for (const text of texts)
      for (const code of [
        'E_ID',
        'E_EMAIL',
        'E_PHONE',
        'E_DATE',
        'E_COUNTRY',
        'E_EWALLET',
        'E_PAYMENT_METHOD',
        'W_FLOAT',
        'W_FORMULA',
        'W_HTML',
      ] as const)
        expect(() => findFix({ code, field: 'name', message: '' }, text)).not.toThrow()
  })

  it.each([
    'digits',
    'trim',
    'uppercase',
    'html',
    'unguard',
    'country',
    'number',
    'boolean',
    'json',
    { phone: 'US' },
    { phone: 'international' },
    { date: 'D.M.YYYY' },
    { replace: { a: 'b' } },
  ] as const)('keeps no transform busy: %j', async (spec) => {
    const made = await compileTransform(spec)
    const run = typeof made === 'function' ? made : 'read' in made ? made.read : undefined
    expect(run).toBeDefined()
    for (const text of texts) run?.(text)
    run?.(JSON.stringify([texts[5], ' '.repeat(long)]))
  })
})
