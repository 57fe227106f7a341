/** What JSON can hold, for values that come from or go to a file or the API. */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** The value of a text; `undefined` where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value at the end of the steps, keys and indices, or nothing. */
export function valueAt(
  value: JsonValue | undefined,
  steps: readonly (string | number)[],
): JsonValue | undefined {
  let found = value
  for (const step of steps) {
    if (isJsonObject(found)) found = Object.hasOwn(found, step) ? found[step] : undefined
    else found = typeof found === 'object' && found !== null ? found[Number(step)] : undefined
  }
  return found
}
