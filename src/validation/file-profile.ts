/**
 * The file profile: what a run keeps of its input, to compare the next file of that name with it. It holds counts, and one byte
 * for each value of some hundred customers. No value can be read from that byte.
 */
import { hash } from 'node:crypto'
import { isJsonObject, parseJson, type JsonValue } from '../model/json.ts'
import type { PatchedRow } from '../model/row.ts'
import type { Run, Store } from '../model/store.ts'

export interface FileProfile {
  readonly rows: number
  readonly calls: number
  readonly invalid: number
  /** Rows that put a value into a field, by path; fields that are only cleared have 0. */
  readonly filled: Readonly<Record<string, number>>
  /** False if the last row has no line end. */
  readonly endsLine: boolean
  /** Fields of a patch in the order of the value hashes; those inside `addresses` are one. */
  readonly fields: readonly string[]
  /** Spread over the file, and its last ones; in file order. */
  readonly customers: readonly SampledCustomer[]
  /** Sampled customers with a text that a wrong encoding has damaged. */
  readonly misread: number
  /** Fields that changed for many customers since the last file. Only their first change is reported. */
  readonly volatileFields: readonly string[]
}

/** By field: 0 if the patch lacks it, 1 if it clears it, else 2 to 255. */
export type ValueHashes = readonly number[]
export type SampledCustomer = readonly [customerId: string, hashes: ValueHashes]

/** A finished run and the profile of its file. */
export interface ProfiledRun {
  readonly runId: string
  /** ISO 8601. */
  readonly finishedAt: string
  /** Fields are comparable only under the same mapping. */
  readonly isSameMapping: boolean
  readonly profile: FileProfile
}

/** Which files are compared: those of one name and format that go to one account. */
export interface ProfileKey {
  /** The name as run ids have it, with the format after it. */
  readonly name: string
  readonly host: string
  readonly account: string
  readonly mapping: string
}

const profileNote = 'file_profile'
const nameNote = 'input_name'

/** Finds the newest finished run whose file can be compared. */
export async function findProfiledRun(
  store: Pick<Store, 'runs'>,
  key: ProfileKey,
): Promise<ProfiledRun | undefined> {
  for (const { stored } of await store.runs({ account: key.account, state: 'finished' })) {
    const isComparable =
      stored.note(nameNote) === key.name && withoutPort(stored.host) === withoutPort(key.host)
    const profile = isComparable ? parseProfile(stored.note(profileNote) ?? '') : undefined
    if (profile === undefined) continue
    const isSameMapping = stored.facts['mapping'] === key.mapping
    return { runId: stored.id, finishedAt: new Date(stored.finishedAt).toISOString(), isSameMapping, profile }
  }
  return undefined
}

/** A server on loopback is for rehearsals, and often has another port each time. */
function withoutPort(host: string): string {
  return host.replace(/^(localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/, '$1')
}

export function saveProfile(run: Pick<Run, 'noteLater'>, { name }: ProfileKey, profile: FileProfile): void {
  run.noteLater(nameNote, name)
  run.noteLater(profileNote, JSON.stringify(profile))
}

/** Returns undefined if the text is not a profile of this version. */
export function parseProfile(text: string): FileProfile | undefined {
  const found = parseJson(text)
  return isProfile(found) ? found : undefined
}

/** Checks the shape only, because no other user can write the file. */
function isProfile(value: unknown): value is FileProfile {
  return (
    isJsonObject(value) &&
    ['rows', 'calls', 'invalid', 'misread'].every((name) => typeof value[name] === 'number') &&
    ['fields', 'customers', 'volatileFields'].every((name) => Array.isArray(value[name])) &&
    isJsonObject(value['filled']) &&
    typeof value['endsLine'] === 'boolean'
  )
}

const mostSampled = 256
const lastRows = 16
/** Bounds the memory, because every row may have its own keys of metadata. */
export const mostFields = 200

interface SampledRow {
  readonly row: number
  readonly hashes: ValueHashes
  readonly isMisread: boolean
}

/**
 * Samples the customers of an input in one pass and constant memory, without knowing its length. `isMisread` is true for a row with
 * a text that a wrong encoding has damaged.
 */
export function createCustomerSampler(
  last: FileProfile | undefined,
  isMisread: (row: PatchedRow) => boolean,
) {
  // Starts with the fields of the last file, so that hashes of both have one order.
  const indexes = new Map((last?.fields ?? []).map((field, index) => [field, index]))
  const wanted = new Set(last?.customers.map(([id]) => id))
  const shared = new Map<string, ValueHashes>()
  let sampled = new Map<string, SampledRow>()
  const ring: PatchedRow[] = []
  let [calls, step] = [0, 1]

  function indexOf(field: string): number | undefined {
    const known = indexes.get(field)
    if (known !== undefined || indexes.size >= mostFields) return known
    indexes.set(field, indexes.size)
    return indexes.size - 1
  }

  function hashValues({ patch }: PatchedRow): ValueHashes {
    const hashes: number[] = []
    const put = (field: string, value: JsonValue): void => {
      const index = indexOf(field)
      if (index === undefined) return
      while (hashes.length <= index) hashes.push(0)
      hashes[index] = hashValue(value)
    }
    for (const [field, value] of Object.entries(patch)) {
      if (field === 'metadata' && isJsonObject(value))
        for (const [key, inner] of Object.entries(value)) put(`metadata.${key}`, inner)
      else put(field, value)
    }
    return hashes
  }

  const sample = (row: PatchedRow): SampledRow => ({
    row: row.row,
    hashes: hashValues(row),
    isMisread: isMisread(row),
  })

  return {
    /** Customers of the last file that this one has too, with their hashes in this one. */
    shared,
    add(row: PatchedRow): void {
      const { customerId } = row
      if (wanted.has(customerId)) shared.set(customerId, hashValues(row))
      ring[calls % lastRows] = row
      // The last row of a customer counts, because it decides what the customer holds.
      if (calls++ % step === 0 || sampled.has(customerId)) {
        sampled.set(customerId, sample(row))
        if (sampled.size > mostSampled) {
          step *= 2
          sampled = new Map([...sampled].filter((_, index) => index % 2 === 0))
        }
      }
    },
    finish(): Pick<FileProfile, 'fields' | 'customers' | 'misread'> {
      const rows = new Map(sampled)
      // In file order, since the last row of a customer counts.
      for (const row of ring.toSorted((left, right) => left.row - right.row))
        rows.set(row.customerId, sample(row))
      const inOrder = [...rows].sort(([, left], [, right]) => left.row - right.row)
      return {
        customers: inOrder.map(([id, { hashes }]): SampledCustomer => [id, hashes]),
        misread: inOrder.filter(([, row]) => row.isMisread).length,
        // Read last, because hashing the ring adds fields.
        fields: [...indexes.keys()],
      }
    },
  }
}

/** One byte of a hash of the value. */
function hashValue(value: JsonValue): number {
  if (value === '') return 1
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return 2 + (hash('sha1', text, 'buffer').readUInt32BE() % 254)
}
