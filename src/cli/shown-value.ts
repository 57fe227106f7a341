/** What a field holds, for a terminal: masked, unless somebody asked for it. */
import { masked } from '../doctor/mask.ts'
import type { JsonValue } from '../domain/json.ts'

/** Characters of a value that are shown at most. */
const longest = 60

export function shownValue(value: JsonValue, showValues: boolean): string {
  if (value === '' || value === null) return '(blank)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (!showValues) return masked(text)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
