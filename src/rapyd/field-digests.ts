/**
 * Digests of field values, which show whether an update changes a field. They are keyed with the account's secret, so values
 * cannot be guessed without it. They differ by customer, so equal values do not show.
 * `addresses` and `metadata` have one digest each: whether Rapyd merges or replaces them is not documented.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { Digests } from '../model/row.ts'
import { isJsonObject, type JsonValue } from '../model/json.ts'
import { parseBody } from './requests.ts'

export type FieldDigests = ReturnType<typeof createFieldDigests>

const purpose = 'rapyd-bulk sync state 1'
/** 96 bits in base64url. */
const digestLength = 16

/** Digests in base64url under a key that is derived from the secret key, another one for each purpose. */
export function keyedDigests(secretKey: string, use: string): (text: string) => string {
  const key = createSecretKey(createHmac('sha256', secretKey).update(use).digest('hex'), 'utf8')
  return (text) => createHmac('sha256', key).update(text).digest('base64url')
}

export function createFieldDigests(secretKey: string) {
  const digest = keyedDigests(secretKey, purpose)
  const short = (text: string): string => digest(text).slice(0, digestLength)
  return {
    /** The digests of the fields in the body of an update. */
    of(customerId: string, body: string): Digests {
      return Object.fromEntries(
        Object.entries(parseBody(body)).map(([field, value]) => [
          field,
          short(`${customerId}\n${field}\n${canonical(value)}`),
        ]),
      )
    },
    /** Identifies the key without revealing it. */
    keyCheck: short('check'),
  }
}

/** The same text for the same value: keys are sorted, because their order is that of the file's columns. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}
