/**
 * What Update Customer refuses, with the documented code if there is one (docs, "Customer Errors", "Address Errors", "Wallet
 * Errors"). For wrong types and unknown fields none is documented: `INVALID_FIELDS - [FIELD]`. A blank is valid: it clears.
 */
import type { JsonObject, JsonValue } from '../model/json.ts'
import { isJsonObject, isList } from '../model/json.ts'
import { refusal } from './answers.ts'
import type { Answer } from './answers.ts'
import rules from './customer-rules.json' with { type: 'json' }

/** Patterns that the text of a field matches. Ids with NO_SUCH_ are unknown, so that a file can meet the refusal. */
type TextRules = Readonly<
  Record<string, readonly { readonly pattern: string; readonly code?: string }[] | undefined>
>

/** The refusal of this body of Update Customer, for any customer. Returns undefined if it is valid. */
export function checkUpdate({ addresses = '', ...others }: JsonObject): Answer | undefined {
  return checkFields(others, rules.customer) ?? checkAddresses(addresses)
}

function checkFields({ metadata = '', ...texts }: JsonObject, known: TextRules): Answer | undefined {
  if (metadata !== '' && !isJsonObject(metadata)) return invalidField('metadata')
  for (const [field, value] of Object.entries(texts)) {
    const tests = Object.hasOwn(known, field) ? known[field] : undefined
    if (tests === undefined || typeof value !== 'string') return invalidField(field)
    const broken = tests.find(({ pattern }) => value !== '' && !new RegExp(pattern, 'su').test(value))
    if (broken !== undefined)
      return broken.code === undefined ? invalidField(field) : refusal(400, broken.code)
  }
  return undefined
}

function invalidField(field: string): Answer {
  return refusal(400, 'INVALID_FIELDS', 'The request has invalid fields.', field)
}

/** New addresses, each with the two fields that Create Address requires; a blank clears them all. */
function checkAddresses(value: JsonValue): Answer | undefined {
  if (value === '') return undefined
  if (!isList(value)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
  for (const item of value) {
    if (!isJsonObject(item)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
    if (!item['name']) return refusal(400, 'INVALID_ADDRESS_NAME')
    if (!item['line_1']) return refusal(400, 'INVALID_ADDRESS_LINE_1')
    const refused = checkFields(item, rules.address)
    if (refused !== undefined) return refused
  }
  return undefined
}
