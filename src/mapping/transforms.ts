/**
 * What the transforms of a mapping do to one cell. Each does its job or names a defect; none guesses, and none makes a
 * blank of a text (whoever runs them refuses that).
 */
import type { Defect } from '../rapyd/field-rules.ts'
import type { Conversion, Mistake, TextChange } from './changes.ts'
import { countryChange } from './country-names.ts'
import { dateChange } from './date-format.ts'
import { jsonConversion, survives } from './json-text.ts'
import type { TransformSpec } from './mapping-schema.ts'
import { phoneChange } from './phone-number.ts'

const shortened: Defect = { code: 'E_TRANSFORM', message: 'a number that a spreadsheet has shortened' }
const otherDigits: Defect = { code: 'E_TRANSFORM', message: 'holds digits of another script' }
const notANumber: Defect = {
  code: 'E_TRANSFORM',
  message: 'not a plain decimal number that can be kept exactly',
}
const notABoolean: Defect = { code: 'E_TRANSFORM', message: 'neither true nor false' }

/** The digits alone. What was written in scientific notation has lost its digits before it came here. */
function digits(text: string): string | Defect {
  if (/^\s*[+-]?\d+(?:[.,]\d+)?E[+-]?\d+\s*$/i.test(text)) return shortened
  if (/(?!\d)\p{Nd}/u.test(text)) return otherDigits
  return text.replace(/\D+/g, '')
}

const numberConversion: Conversion = {
  name: 'number',
  read(text) {
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return notANumber
    const shortest = text.includes('.') ? withoutZeros(text) : text
    return survives(Number(text), shortest) ? { value: Number(text) } : notANumber
  },
  takes: (value) => typeof value === 'number',
}

/** Of a number with a point. By hand: a pattern would look at every row of zeros anew from each of them. */
function withoutZeros(text: string): string {
  let end = text.length
  while (text[end - 1] === '0') end--
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end)
}

const booleanConversion: Conversion = {
  name: 'boolean',
  read(text) {
    const word = text.toLowerCase()
    return word === 'true' || word === 'false' ? { value: word === 'true' } : notABoolean
  },
  takes: (value) => typeof value === 'boolean',
}

/** The work that an entry of `transform:` asks for. */
export async function compileTransform(spec: TransformSpec): Promise<TextChange | Conversion | Mistake> {
  if (typeof spec !== 'string') {
    if (spec.phone !== undefined) return phoneChange(spec.phone)
    if (spec.date !== undefined) return dateChange(spec.date)
    const table = new Map(Object.entries(spec.replace ?? {}))
    return (text) => table.get(text) ?? text
  }
  switch (spec) {
    case 'trim':
      return (text) => text.trim()
    case 'lowercase':
      return (text) => text.toLowerCase()
    case 'uppercase':
      return (text) => text.toUpperCase()
    case 'digits':
      return digits
    case 'country':
      return countryChange()
    case 'number':
      return numberConversion
    case 'boolean':
      return booleanConversion
    case 'json':
      return jsonConversion
    default:
      return spec satisfies never
  }
}
