/**
 * Metadata with all its keys. Rapyd does not document whether it merges metadata or replaces it, so a row sends the keys that the
 * customer has, with its own on top: right both ways.
 */
import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

/** The keys of metadata that a patch sets or clears; undefined if there are none. A blank for all of metadata has no keys. */
export function keysOf({ metadata }: JsonObject): JsonObject | undefined {
  return metadata !== undefined && isJsonObject(metadata) ? metadata : undefined
}

/** Marks a number in parsed JSON. */
const changed = '\u0000changed'

/**
 * The keys of a customer's metadata with a number that JSON.parse does not keep as it is written: over 2^53, `1.50`. `body` is the
 * answer that holds the customer.
 */
export function findChangedKeys(body: string): readonly string[] {
  if (!mayChange.test(body)) return []
  const parsed: unknown = JSON.parse(body, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !isExactNumber(value, context?.source) ? changed : value,
  )
  const data = isJsonObject(parsed) ? parsed['data'] : undefined
  const metadata = isJsonObject(data) ? data['metadata'] : undefined
  return Object.entries(isJsonObject(metadata) ? metadata : {}).flatMap(([key, value]) =>
    holdsChanged(value) ? [key] : [],
  )
}

/** Numbers that are long, or have a point or an exponent. */
const mayChange = /\d[.eE]|\d{16}|-0/

function holdsChanged(value: JsonValue): boolean {
  if (value === changed) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsChanged)
}
