/** Where texts stand that no rule of Rapyd's holds to a form: what spreadsheets did to them is looked for by hand. */
import { isJsonObject } from '../domain/json.ts'
import type { PatchedRow } from '../domain/patch.ts'

/** A column, or a key, whose texts no rule holds to a form. */
export interface TextColumn {
  readonly field: string
  /** The user's own texts, of any kind: metadata. */
  readonly isFree: boolean
  /** Holds numbers or codes, which spreadsheets take for dates. */
  readonly isCode: boolean
}

const ruled: ReadonlySet<string> = new Set([
  'email',
  'phone_number',
  'date_of_birth',
  'nationality',
  'birth_country',
])

/** Texts at the top of the patch of an NDJSON row, and at the top of its metadata. */
export function* textsOf({ patch }: PatchedRow): Generator<readonly [TextColumn, string]> {
  for (const [field, value] of Object.entries(patch)) {
    if (typeof value === 'string') {
      if (value !== '' && !ruled.has(field))
        yield [{ field, isFree: false, isCode: isCodeName(field) }, value] as const
    } else if (field === 'metadata' && isJsonObject(value)) {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string' || text === '') continue
        yield [{ field: `metadata.${key}`, isFree: true, isCode: isCodeName(key) }, text] as const
      }
    }
  }
}

/** Names of what is a number or a code and no text. */
export function isCodeName(field: string): boolean {
  return /(?:^|[._\s-])(?:ids?|code|no|nr|number|sku|ref|reference|key|zip|prefix|coupon|plan|part)$/i.test(
    field,
  )
}
