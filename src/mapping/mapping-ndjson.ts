/** NDJSON rows: an absent key leaves a field alone, `""` and `null` clear it, everything else must be of the field's type. */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import type { Patch } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { NdjsonRow } from '../domain/row.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { addressBit, addressGap, hasGap } from './blank-addresses.ts'
import type { CellRules } from './cells.ts'
import { createClaims } from './claims.ts'
import { badId, finish } from './mapping.ts'
import type { Mapped } from './mapping.ts'
import { createMeanings, missingId, sameField, unknownKey } from './ndjson-keys.ts'
import type { InsideKey, WholeKey } from './ndjson-keys.ts'
import { readInside, readWhole } from './ndjson-values.ts'
import { place } from './place.ts'

/** For NDJSON. Keys match fields as headers do; `ignore` holds keys that are set aside. */
export function compileNdjson(ignore: readonly string[], rules: CellRules): (row: NdjsonRow) => Mapped {
  const meaningOf = createMeanings(ignore)
  return (row) => {
    const draft = new RecordDraft(rules)
    for (const [key, value] of Object.entries(row.record)) {
      const meaning = meaningOf(key)
      switch (meaning.kind) {
        case 'whole':
          draft.takeWhole(meaning, value)
          break
        case 'inside':
          draft.takeInside(meaning, value)
          break
        case 'id':
          draft.takeId(key, meaning.rank)
          break
        case 'unknown':
          draft.problems.push(meaning.problem)
          break
        case 'ignored':
          break
        default:
          meaning satisfies never
      }
    }
    return draft.finish(row, row.record)
  }
}

/** One record on its way to a patch: keys are taken in their order, then it is finished. */
class RecordDraft {
  readonly problems: Problem[] = []
  readonly #rules: CellRules
  readonly #patch: Patch = {}
  readonly #cleared: string[] = []
  #idKey: string | undefined
  #idRank = Infinity
  /** Bits of the fields that were given whole, and of those that keys reached inside of. */
  #wholes = 0
  #insides = 0
  /** Bits of the addresses that keys were for, and of those that are not blank. */
  #named = 0
  #filled = 0
  /** What only keys that reach inside need: most records have none of them. */
  #flat: { readonly claim: ReturnType<typeof createClaims>; readonly fields: string[] } | undefined

  constructor(rules: CellRules) {
    this.#rules = rules
  }

  takeId(key: string, rank: number): void {
    if (rank === this.#idRank) this.problems.push(sameField('customer'))
    else if (rank > this.#idRank) this.problems.push(unknownKey(key))
    else {
      if (this.#idKey !== undefined) this.problems.push(unknownKey(this.#idKey))
      this.#idKey = key
      this.#idRank = rank
    }
  }

  takeWhole({ field, bit }: WholeKey, value: JsonValue): void {
    if (((this.#wholes | this.#insides) & bit) !== 0) {
      this.problems.push(sameField(field.name))
      return
    }
    this.#wholes |= bit
    const reading = readWhole(value, field, this.#rules)
    if (reading.problems.length > 0) this.problems.push(...reading.problems)
    else if (reading.value !== undefined) {
      this.#patch[field.name] = reading.value
      this.#flat?.fields.push(field.name)
      if (reading.value === '') this.#cleared.push(field.name)
    }
  }

  takeInside({ target, bit }: InsideKey, value: JsonValue): void {
    this.#flat ??= { claim: createClaims(), fields: Object.keys(this.#patch) }
    if ((this.#wholes & bit) !== 0 || !this.#flat.claim(target)) {
      this.problems.push(sameField(target.path))
      return
    }
    this.#insides |= bit
    this.#named |= addressBit(target)
    const reading = readInside(value, target, this.#rules)
    if (reading.problems.length > 0) this.problems.push(...reading.problems)
    else if (reading.value !== undefined) {
      place(this.#patch, target, reading.value)
      this.#flat.fields.push(target.path)
      if (reading.value === '') this.#cleared.push(target.path)
      else this.#filled |= addressBit(target)
    }
  }

  finish(row: NdjsonRow, record: JsonObject): Mapped {
    const id = this.#idKey === undefined ? undefined : record[this.#idKey]
    const customerId = typeof id === 'string' ? id : ''
    if (this.#idKey === undefined) this.problems.unshift(missingId('customer, customer_id or id'))
    else if (!isCustomerId(customerId)) this.problems.unshift(badId(this.#idKey, id))
    if (this.problems.length === 0 && hasGap(this.#named)) this.problems.push(addressGap)
    const patch = this.#patch
    const fields = this.#flat?.fields ?? Object.keys(patch)
    const blank = this.#named & ~this.#filled
    return finish(row, customerId, { patch, fields, cleared: this.#cleared }, blank, this.problems)
  }
}
