/** Puts values into a patch: whole fields, and places inside `addresses` and `metadata`. */
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import type { Patch } from '../domain/patch.ts'
import type { Target } from './targets.ts'

/** Puts a value where its target is. Shared values are copied before anything is put inside them. */
export function place(patch: Patch, target: Target, value: JsonValue): void {
  switch (target.kind) {
    case 'field':
      patch[target.field.name] = value
      return
    case 'metadata':
      putInside(inside(patch, 'metadata'), target.keys, value)
      return
    case 'address': {
      const held = patch['addresses']
      const list: JsonValue[] = isOwnList(held) ? held : []
      const item = list[target.index]
      const address: Patch = isOwn(item) ? item : {}
      putInside(address, target.keys, value)
      list[target.index] = address
      patch['addresses'] = list
      return
    }
    default:
      target satisfies never
  }
}

/**
 * Every object inherits a `constructor` and a `toString`, which are plain data here: those are functions, and `__proto__` is no
 * key, so an object that is found was put there. To ask for own properties instead costs a tenth of a row's mapping.
 */
function inside(holder: Patch, key: string): Patch {
  const held = holder[key]
  if (isOwn(held)) return held
  const made: Patch = {}
  holder[key] = made
  return made
}

/** Objects and lists inside a patch were made here: columns that overlap are refused, so no cell's own value is among them. */
function isOwn(value: JsonValue | undefined): value is Patch {
  return isJsonObject(value)
}

function isOwnList(value: JsonValue | undefined): value is JsonValue[] {
  return Array.isArray(value)
}

function putInside(holder: Patch, keys: readonly string[], value: JsonValue): void {
  const last = keys.length - 1
  let at = holder
  for (let depth = 0; depth < last; depth++) at = inside(at, keys[depth] ?? '')
  at[keys[last] ?? ''] = value
}
