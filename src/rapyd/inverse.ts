/**
 * The way back of what rows wrote: which fields Update Customer can put back, and which it cannot. Coupons make discounts
 * and addresses are appended (rapyd-api.md, 5.1 and 5.3), so neither can be taken back; nor can a key of metadata go again.
 */
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { customerField } from './customer-fields.ts'
import { afterPatch, isEmpty, isHidden, ownValue } from './held.ts'

/** What the run may have left in a field, and what was there before; a blank where nothing was. */
export interface Restorable {
  readonly left: readonly JsonValue[]
  readonly before: JsonValue
  /** `left` is what is there if Rapyd replaces metadata; if it merges them, the run has not touched this key. */
  readonly onlyIfReplaced?: true
}

/** By field, and by key of metadata: `metadata.tier`. */
export type Restorables = Readonly<Record<string, Restorable>>

export interface Inverse {
  readonly sure: Restorables
  /** Blanks, and wallets, that Rapyd may refuse: each field is sent by itself, so that nothing else is refused with it. */
  readonly doubtful: Restorables
  /** Paths that were written and cannot be put back. */
  readonly impossible: readonly string[]
}

export interface Written {
  readonly patch: JsonObject
  /** False where the run could not find out whether it was applied. */
  readonly isConfirmed: boolean
}

const notRestorable = ['coupon', 'addresses']
const keyStart = 'metadata.'

/** `writes` are those of one customer, in the order of their rows. */
export function inverseOf(image: JsonObject, writes: readonly Written[]): Inverse {
  const sure: Record<string, Restorable> = {}
  const doubtful: Record<string, Restorable> = {}
  const impossible = notRestorable.filter((field) =>
    writes.some(({ patch }) => doesHarm(patch, image, field)),
  )
  impossible.push(...hiddenFields(image, writes))
  for (const [path, restorable] of changesOf(image, writes)) {
    const isKey = path.startsWith(keyStart)
    const isBlanked = isKey ? isEmpty(image['metadata']) : restorable.before === ''
    const field = isKey ? 'metadata' : path
    const isDoubtful = path === 'ewallet' || (isBlanked && customerField(field)?.doubtfulClear !== undefined)
    if (isDoubtful) doubtful[path] = restorable
    else sure[path] = restorable
    if (path.startsWith(keyStart) && isAbsent(image, path) && !isEmpty(image['metadata']))
      impossible.push(path)
  }
  return { sure, doubtful, impossible }
}

function doesHarm(patch: JsonObject, image: JsonObject, field: string): boolean {
  return Object.hasOwn(patch, field) && !(isEmpty(patch[field]) && isEmpty(image[field]))
}

/** Written fields that Rapyd did not show: what they held is unknown. */
function hiddenFields(image: JsonObject, writes: readonly Written[]): ReadonlySet<string> {
  const written = writes.flatMap(({ patch }) => Object.keys(patch))
  return new Set(written.filter((field) => isHidden(field, image)))
}

/** The paths in which the customer was left with something else than before. */
function changesOf(
  image: JsonObject,
  writes: readonly Written[],
): readonly (readonly [string, Restorable])[] {
  // Rapyd does not document whether it merges metadata or replaces it (rapyd-api.md, 5.1).
  const merged = leftBy(image, writes, afterPatch)
  const replaced = leftBy(image, writes, afterReplacing)
  const paths = new Set(
    writes.flatMap(({ patch }) => Object.keys(patch).flatMap((field) => pathsIn(field, image, merged))),
  )
  return [...paths].flatMap((path) => {
    const before = valueIn(image, path)
    const changed = (lefts: readonly JsonObject[]): readonly JsonValue[] =>
      lefts.map((each) => valueIn(each, path)).filter((value) => !isSameValue(value, before))
    const known = changed(merged)
    const more = changed(replaced).filter((value) => !known.some((left) => isSameValue(left, value)))
    const left = [...known, ...more]
    if (left.length === 0) return []
    return [[path, known.length > 0 ? { left, before } : { left, before, onlyIfReplaced: true }] as const]
  })
}

/** What the customer may hold behind all of `writes`: what was confirmed, and each one since then that may have been applied. */
function leftBy(
  image: JsonObject,
  writes: readonly Written[],
  after: typeof afterPatch,
): readonly JsonObject[] {
  const lefts: JsonObject[] = [image]
  for (const { patch, isConfirmed } of writes) {
    const last = lefts.at(-1) ?? image
    if (isConfirmed) lefts.length = 0
    lefts.push(after(last, patch))
  }
  return lefts
}

function afterReplacing(image: JsonObject, patch: JsonObject): JsonObject {
  const { metadata } = patch
  return { ...afterPatch(image, patch), ...(isJsonObject(metadata) ? { metadata } : {}) }
}

function pathsIn(field: string, image: JsonObject, lefts: readonly JsonObject[]): readonly string[] {
  if (notRestorable.includes(field) || isHidden(field, image)) return []
  if (field !== 'metadata') return [field]
  const keys = [image, ...lefts].flatMap(({ metadata }) =>
    isJsonObject(metadata) ? Object.keys(metadata) : [],
  )
  return keys.map((key) => keyStart + key)
}

/** A blank where there is nothing. */
export function valueIn(image: JsonObject, path: string): JsonValue {
  if (!path.startsWith(keyStart)) return ownValue(image, path) ?? ''
  const metadata = ownValue(image, 'metadata')
  return (isJsonObject(metadata) ? ownValue(metadata, path.slice(keyStart.length)) : undefined) ?? ''
}

function isAbsent(image: JsonObject, path: string): boolean {
  const { metadata } = image
  return !isJsonObject(metadata) || !Object.hasOwn(metadata, path.slice(keyStart.length))
}

export function isSameValue(one: JsonValue, other: JsonValue): boolean {
  return isDeepStrictEqual(one, other) || (isEmpty(one) && isEmpty(other))
}

export interface Restoring {
  /** What is to be sent; nothing where it has no field. */
  readonly patch: JsonObject
  /** Paths that were changed elsewhere since. */
  readonly kept: readonly string[]
  /** Paths that hold already what they held before, or that the run has not touched. */
  readonly already: readonly string[]
}

/** What of `restorables` may be put back on a customer that holds `image`: only what still holds what the run left. */
export function restoringOf(restorables: Restorables, image: JsonObject): Restoring {
  const values: Record<string, JsonValue> = {}
  const kept: string[] = []
  const already: string[] = []
  for (const [path, { left, before, onlyIfReplaced }] of Object.entries(restorables)) {
    const held = valueIn(image, path)
    // A field that Rapyd does not show proves nothing.
    const isShown = path.startsWith(keyStart) || Object.hasOwn(image, path)
    if (isShown && isSameValue(held, before)) already.push(path)
    else if (left.some((value) => isSameValue(held, value))) values[path] = before
    else if (onlyIfReplaced === true) already.push(path)
    else kept.push(path)
  }
  return { patch: withOtherKeys(patchOf(values), image), kept, already }
}

/** Keys of metadata go together with all that the customer holds, which is right whether Rapyd merges or replaces. */
function withOtherKeys(patch: JsonObject, image: JsonObject): JsonObject {
  const { metadata } = patch
  if (!isJsonObject(metadata)) return patch
  if (clearsAll(patch, image)) return { ...patch, metadata: '' }
  return {
    ...patch,
    metadata: { ...(isJsonObject(image['metadata']) ? image['metadata'] : {}), ...metadata },
  }
}

/** Values by their paths, as Update Customer takes them. */
export function patchOf(values: JsonObject): JsonObject {
  const fields: Record<string, JsonValue> = {}
  const keys: Record<string, JsonValue> = {}
  for (const [path, value] of Object.entries(values)) {
    if (path.startsWith(keyStart)) keys[path.slice(keyStart.length)] = value
    else fields[path] = value
  }
  return Object.keys(keys).length === 0 ? fields : { ...fields, metadata: keys }
}

/** Where the customer has no other key, and none of these held anything, the whole is blanked: then no key stays. */
function clearsAll({ metadata: keys }: JsonObject, image: JsonObject): boolean {
  const { metadata } = image
  if (!isJsonObject(keys)) return false
  const held = isJsonObject(metadata) ? Object.keys(metadata) : []
  return held.every((key) => Object.hasOwn(keys, key)) && Object.values(keys).every((before) => before === '')
}
