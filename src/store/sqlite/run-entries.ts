/** What a session writes of its run, entry by entry, inside the transactions of the group commits. */
import type { JsonObject } from '../../model/json.ts'
import type { UpdateRequest, Outcome, FieldEffects } from '../../model/row.ts'
import type { RowWrite } from '../../model/store.ts'
import {
  checksumOf,
  insertIntent,
  insertOutcome,
  intentValues,
  outcomeValues,
  type StoredIntent,
} from './outcome-record.ts'
import type { StoreDatabase } from '../own-database.ts'

export type RunEntry =
  | { readonly kind: 'intent'; readonly request: UpdateRequest; readonly settleMs: number }
  | { readonly kind: 'cancel'; readonly row: number }
  | { readonly kind: 'outcome'; readonly outcome: Outcome; readonly effects: FieldEffects }
  | { readonly kind: 'image'; readonly write: RowWrite; readonly image: JsonObject | undefined }
  | { readonly kind: 'note'; readonly name: string; readonly value: string }

/** What outcomes do to the fields of an account's customers. */
interface FieldNotes {
  readonly account: number
  readonly keyCheck: string
  settle(outcome: Outcome, effects: FieldEffects, commit: number, noted: StoredIntent | undefined): void
}

export interface EntryWriterParts {
  readonly database: StoreDatabase
  /** The number of the run. */
  readonly number: number
  /** Undefined if the run keeps no field state. */
  readonly fields: FieldNotes | undefined
  /** Intents of rows that an earlier session may have sent. */
  readonly intents: ReadonlyMap<number, StoredIntent>
  /** Open rows of which a part is done. */
  readonly partial: ReadonlyMap<number, Outcome>
}

/** Writes an entry inside a transaction. Returns what it adds to the sum of the checksums of all outcomes. */
export function createEntryWriter({
  database,
  number,
  fields,
  intents,
  partial,
}: EntryWriterParts): (entry: RunEntry, commit: number) => number {
  const { first, run } = database
  const account = fields?.account ?? 0
  const open = new Map(intents)
  const removePartial = 'DELETE FROM outcome WHERE run = ? AND row = ? RETURNING checksum'

  function endIntent(row: number): void {
    const intent = open.get(row)
    if (intent === undefined) return
    const query = 'DELETE FROM intent WHERE account = ? AND customer = ? AND run = ? AND row = ?'
    run(query, account, intent.customerId, number, row)
    open.delete(row)
  }

  return (entry, commit) => {
    switch (entry.kind) {
      case 'intent': {
        const { row, operation, customerId, idempotencyKey: key, sends, reading, body } = entry.request
        const intent = {
          row,
          operation,
          customerId,
          key,
          fields: sends,
          number: commit,
          at: Date.now(),
          settleMs: entry.settleMs,
          body: reading === undefined ? undefined : body,
        }
        run(insertIntent, number, account, ...intentValues(intent))
        open.set(row, intent)
        return 0
      }
      case 'cancel':
        endIntent(entry.row)
        return 0
      case 'outcome': {
        const { outcome, effects } = entry
        fields?.settle(outcome, effects, commit, open.get(outcome.row))
        endIntent(outcome.row)
        const values = outcomeValues(outcome, digestsToKeep(effects, fields?.keyCheck))
        const { row } = outcome
        const replaced = partial.has(row) ? first(removePartial, number, row)?.['checksum'] : 0
        run(insertOutcome, number, ...values)
        return Number(values.at(-1)) - Number(replaced)
      }
      case 'image': {
        const { row, customerId, body } = entry.write
        const image = entry.image === undefined ? null : JSON.stringify(entry.image)
        const sumOf = (text: string | null): number => checksumOf([row, customerId, text])
        run(
          'INSERT OR IGNORE INTO before_image VALUES (?, ?, ?, ?, ?)',
          number,
          row,
          customerId,
          image,
          sumOf(image),
        )
        run(
          'INSERT OR REPLACE INTO before_write VALUES (?, ?, ?, ?, ?)',
          number,
          customerId,
          row,
          body,
          sumOf(body),
        )
        return 0
      }
      case 'note':
        run(
          'INSERT OR REPLACE INTO run_note VALUES (?, ?, ?, ?)',
          number,
          entry.name,
          entry.value,
          checksumOf([entry.name, entry.value]),
        )
        return 0
      default:
        return entry satisfies never
    }
  }
}

/** The digests of fields that add up when they are sent again, with the key that made them. */
function digestsToKeep({ confirmed = {} }: FieldEffects, key: string | undefined): string | null {
  const { addresses, coupon } = confirmed
  if (addresses === undefined && coupon === undefined) return null
  return JSON.stringify({ addresses, coupon, key })
}
