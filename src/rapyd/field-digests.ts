/**
 * Digests that tell whether a field of a customer is to become what it is: keyed with the account's secret, so that values
 * cannot be tried without it, and different for every customer, so that equal values do not show.
 *
 * `addresses` and `metadata` count whole: whether Rapyd merges or replaces them is not documented.
 */
import { createHmac } from 'node:crypto'
import type { Digests } from '../model/outcome.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'

export interface FieldDigests {
  /** Of the body of an update. */
  of(customerId: string, body: string): Digests
  /** Tells keys apart without telling them. */
  readonly keyCheck: string
}

const purpose = 'rapyd-bulk sync state 1'
/** 96 bits. */
const digestBytes = 12

export function createFieldDigests(secretKey: string): FieldDigests {
  const key = createHmac('sha256', secretKey).update(purpose).digest('hex')
  const short = (text: string): string =>
    createHmac('sha256', key).update(text).digest().subarray(0, digestBytes).toString('base64url')
  return {
    of(customerId, body) {
      return Object.fromEntries(
        Object.entries(bodyOf(body)).map(([field, value]) => [
          field,
          short(`${customerId}\n${field}\n${canonical(value)}`),
        ]),
      )
    },
    keyCheck: short('check'),
  }
}

/** The fields of an update's body, which this program has made. */
export function bodyOf(body: string): JsonObject {
  const parsed: unknown = JSON.parse(body)
  if (!isJsonObject(parsed)) throw new Error('the body of an update is no object')
  return parsed
}

/** The same text for the same value: the order of keys is that of the file's columns, and says nothing. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}
