/** The first line of a plan: what it was made from, what it comes to, and a digest over all of it, so that nothing is sent of a plan that was edited or damaged. */
import { createHash, hash } from 'node:crypto'
import { isJsonObject } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'
import { isPlanChange } from './plan-counts.ts'
import type { PlanCounts } from './plan-counts.ts'

/** Raised with every change of the format. */
export const planVersion = 1

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

/** `undefined` for what is no head of this version. */
export function parseHead(line: string): PlanHead | undefined {
  let found: unknown
  try {
    found = JSON.parse(line)
  } catch {
    return undefined
  }
  return isHead(found) ? found : undefined
}

/** The keys that are read; the digest covers the others. */
function isHead(found: unknown): found is PlanHead {
  if (!isJsonObject(found) || found['rapyd_bulk_plan'] !== planVersion) return false
  const { input, options, counts } = found
  if (!isJsonObject(input) || !isJsonObject(options) || !isJsonObject(counts)) return false
  const { changes, rows } = counts
  const texts = [input['path'], input['sha256'], found['mapping_sha256'], found['host'], found['account']]
  return (
    [...texts, found['sha256']].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(rows) &&
    isJsonObject(changes) &&
    Object.entries(changes).every(([name, number]) => isPlanChange(name) && typeof number === 'number')
  )
}
