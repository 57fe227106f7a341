/** Errors that refuse a whole input. Their texts are in `refusals.json`. */
import { BulkUpdateError } from '../model/errors.ts'
import type { RunErrorCode } from '../model/errors.ts'
import texts from './refusals.json' with { type: 'json' }

type TextValues = Readonly<Record<string, string | number>>

/** `values` replace their names in braces. Throws an Error if one is missing. */
export function refusal(
  code: RunErrorCode,
  name: keyof typeof texts,
  values: TextValues = {},
  cause?: unknown,
): BulkUpdateError {
  const { message, tip } = texts[name]
  const options = cause === undefined ? {} : { cause }
  return new BulkUpdateError(code, fill(message, values), fill(tip, values), options)
}

function fill(text: string, values: TextValues): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`a text of a refusal lacks its ${name}`)
    return String(value)
  })
}
