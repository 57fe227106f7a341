/** The first line of a plan: what it was made from, what it comes to, and a digest over all of it, so that nothing is sent of a plan that was edited or damaged. */
import { createHash, hash } from 'node:crypto'
import type { JsonObject } from '../model/json.ts'
import type { PlanChange } from './plan-row.ts'

/** Raised with every change of the format. */
export const planVersion = 2

export interface PlanFacts {
  readonly rapyd_bulk_plan: number
  readonly version: string
  readonly created_at: string
  readonly input: { readonly path: string; readonly sha256: string }
  /** Digest over the mapping and every option that decides how the input is read. */
  readonly mapping_sha256: string
  readonly host: string
  /** A fingerprint of the access key, never the key. */
  readonly account: string
  /** How the input is read and where the calls go. */
  readonly options: JsonObject
  /** How the customers were read. */
  readonly reads: {
    readonly customers: number
    readonly single: number
    readonly pages: number
    readonly began_at: string
  }
}

export interface PlanCounts {
  readonly rows: number
  readonly changes: Readonly<Record<PlanChange, number>>
  /** Rows that change the field, and that blank something in it, by field. */
  readonly fields: Readonly<Record<string, number>>
  readonly clears: Readonly<Record<string, number>>
}

export interface PlanHead extends PlanFacts {
  readonly counts: PlanCounts
  readonly sha256: string
}

/** Takes the lines in order, each with its line end, and gives the head. */
export function createHeadDigest(): {
  add(line: string | Buffer): void
  head(facts: PlanFacts, counts: PlanCounts): PlanHead
} {
  const rows = createHash('sha256')
  return {
    add: (line) => void rows.update(line),
    head(facts, counts) {
      const whole = { ...facts, counts }
      return { ...whole, sha256: hash('sha256', `${JSON.stringify(whole)}\n${rows.digest('hex')}`, 'hex') }
    },
  }
}
