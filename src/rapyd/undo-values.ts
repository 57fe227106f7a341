/**
 * Undo values: what a rollback writes to put back the fields that rows changed, and which fields cannot be put back.
 * Coupons make discounts and addresses are appended (rapyd-api.md, 5.1 and 5.3), so neither can be undone. Nor can a key of
 * metadata be removed.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { findCustomerField } from './customer-fields.ts'
import { keysOf } from './metadata.ts'
import { afterPatch, isEmpty, isHidden, ownValue } from './snapshot.ts'

/** What the run may have left in a field, and what was there before: a blank if there was nothing. */
export interface UndoValue {
  readonly left: readonly JsonValue[]
  readonly before: JsonValue
  /** `left` is the value if Rapyd replaces metadata. If it merges them, the run has not changed this key. */
  readonly onlyIfReplaced?: true
}

/** By field, and by key of metadata: `metadata.tier`. */
export type UndoValues = Readonly<Record<string, UndoValue>>

export interface Write {
  readonly patch: JsonObject
  /** False if it is unknown whether it was applied. */
  readonly isConfirmed: boolean
}

const notRestorable = ['coupon', 'addresses']
const keyStart = 'metadata.'

/**
 * `writes` are those of one customer in the order of their rows; `snapshot` is from before them. `hasSentAllKeys`: each was sent with the
 * keys of metadata that it does not name, so none of these was lost.
 */
export function findUndoValues(snapshot: JsonObject, writes: readonly Write[], hasSentAllKeys = false) {
  const sure: Record<string, UndoValue> = {}
  /** Blanks and wallets that Rapyd may refuse: each field is sent alone, so that no other is refused with it. */
  const mayBeRefused: Record<string, UndoValue> = {}
  /** Paths that were written and cannot be put back. */
  const impossible = notRestorable.filter((field) =>
    writes.some(({ patch }) => isLasting(patch, snapshot, field)),
  )
  impossible.push(...hiddenFields(snapshot, writes))
  for (const [path, undoValue] of findChanges(snapshot, writes, hasSentAllKeys)) {
    const isKey = path.startsWith(keyStart)
    const isBlanked = isKey ? isEmpty(snapshot['metadata']) : undoValue.before === ''
    const field = isKey ? 'metadata' : path
    const isRefusable =
      path === 'ewallet' || (isBlanked && findCustomerField(field)?.clearWarning !== undefined)
    if (isRefusable) mayBeRefused[path] = undoValue
    else sure[path] = undoValue
    if (isKey && isAbsent(snapshot, path) && !isEmpty(snapshot['metadata'])) impossible.push(path)
  }
  return { sure, mayBeRefused, impossible }
}

/** True if the patch changed a field that cannot be put back. */
function isLasting(patch: JsonObject, snapshot: JsonObject, field: string): boolean {
  return Object.hasOwn(patch, field) && !(isEmpty(patch[field]) && isEmpty(snapshot[field]))
}

/** Written fields that Rapyd did not show, so their value before is unknown. */
function hiddenFields(snapshot: JsonObject, writes: readonly Write[]): ReadonlySet<string> {
  const written = writes.flatMap(({ patch }) => Object.keys(patch))
  return new Set(written.filter((field) => isHidden(field, snapshot)))
}

/** The paths whose value differs from before. */
function findChanges(
  snapshot: JsonObject,
  writes: readonly Write[],
  hasSentAllKeys: boolean,
): readonly (readonly [string, UndoValue])[] {
  // Rapyd does not document whether it merges metadata or replaces it (rapyd-api.md, 5.1).
  const merged = possibleSnapshots(snapshot, writes, afterPatch)
  const replaced = hasSentAllKeys ? [] : possibleSnapshots(snapshot, writes, afterReplacing)
  const paths = new Set(
    writes.flatMap(({ patch }) => Object.keys(patch).flatMap((field) => pathsIn(field, snapshot, merged))),
  )
  return [...paths].flatMap((path) => {
    const before = valueAtPath(snapshot, path)
    const changed = (possible: readonly JsonObject[]): readonly JsonValue[] =>
      possible.map((each) => valueAtPath(each, path)).filter((value) => !isSameValue(value, before))
    const known = changed(merged)
    const more = changed(replaced).filter((value) => !known.some((left) => isSameValue(left, value)))
    const left = [...known, ...more]
    if (left.length === 0) return []
    return [[path, known.length > 0 ? { left, before } : { left, before, onlyIfReplaced: true }] as const]
  })
}

/** The snapshots after the last confirmed write, and after each later one that may have been applied. */
function possibleSnapshots(
  snapshot: JsonObject,
  writes: readonly Write[],
  after: typeof afterPatch,
): readonly JsonObject[] {
  const possible: JsonObject[] = [snapshot]
  for (const { patch, isConfirmed } of writes) {
    const last = possible.at(-1) ?? snapshot
    if (isConfirmed) possible.length = 0
    possible.push(after(last, patch))
  }
  return possible
}

function afterReplacing(snapshot: JsonObject, patch: JsonObject): JsonObject {
  const metadata = keysOf(patch)
  return { ...afterPatch(snapshot, patch), ...(metadata === undefined ? {} : { metadata }) }
}

function pathsIn(field: string, snapshot: JsonObject, later: readonly JsonObject[]): readonly string[] {
  if (notRestorable.includes(field) || isHidden(field, snapshot)) return []
  if (field !== 'metadata') return [field]
  return [snapshot, ...later].flatMap((each) => Object.keys(keysOf(each) ?? {})).map((key) => keyStart + key)
}

/** Returns a blank if there is no value. */
function valueAtPath(snapshot: JsonObject, path: string): JsonValue {
  if (!path.startsWith(keyStart)) return ownValue(snapshot, path) ?? ''
  return ownValue(keysOf(snapshot) ?? {}, path.slice(keyStart.length)) ?? ''
}

function isAbsent(snapshot: JsonObject, path: string): boolean {
  return !Object.hasOwn(keysOf(snapshot) ?? {}, path.slice(keyStart.length))
}

function isSameValue(one: JsonValue, other: JsonValue): boolean {
  return isDeepStrictEqual(one, other) || (isEmpty(one) && isEmpty(other))
}

/** The undo values for the customer as it is now: only for fields that still have what the run left. Without fields there is nothing to send. */
export function toUndoPatch(undoValues: UndoValues, snapshot: JsonObject) {
  const values: Record<string, JsonValue> = {}
  /** Paths that others have changed since. */
  const kept: string[] = []
  /** Paths that have the value of before already, or that the run has not changed. */
  const already: string[] = []
  for (const [path, { left, before, onlyIfReplaced }] of Object.entries(undoValues)) {
    const value = valueAtPath(snapshot, path)
    // A field that Rapyd does not show proves nothing.
    const isShown = path.startsWith(keyStart) || Object.hasOwn(snapshot, path)
    if (isShown && isSameValue(value, before)) already.push(path)
    else if (left.some((each) => isSameValue(value, each))) values[path] = before
    else if (onlyIfReplaced === true) already.push(path)
    else kept.push(path)
  }
  return { patch: withOtherKeys(toPatch(values), snapshot), kept, already }
}

/** Sends keys of metadata with all other keys of the customer, which is right whether Rapyd merges or replaces. */
function withOtherKeys(patch: JsonObject, snapshot: JsonObject): JsonObject {
  const keys = keysOf(patch)
  if (keys === undefined) return patch
  const held = keysOf(snapshot) ?? {}
  return { ...patch, metadata: clearsAll(keys, held) ? '' : { ...held, ...keys } }
}

/** What was there before, as a patch. */
export function valuesBefore(undoValues: UndoValues): JsonObject {
  const values = Object.entries(undoValues).map(([path, { before }]) => [path, before] as const)
  return toPatch(Object.fromEntries(values))
}

/** Makes a patch of values by path. */
function toPatch(values: JsonObject): JsonObject {
  const fields: Record<string, JsonValue> = {}
  const keys: Record<string, JsonValue> = {}
  for (const [path, value] of Object.entries(values)) {
    if (path.startsWith(keyStart)) keys[path.slice(keyStart.length)] = value
    else fields[path] = value
  }
  return Object.keys(keys).length === 0 ? fields : { ...fields, metadata: keys }
}

/** True if the customer has no other keys and these had no values: then a blank for all of metadata removes the keys. */
function clearsAll(keys: JsonObject, held: JsonObject): boolean {
  const isWhole = Object.keys(held).every((key) => Object.hasOwn(keys, key))
  return isWhole && Object.values(keys).every((before) => before === '')
}
