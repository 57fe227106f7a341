/**
 * How far the items of a list may stand for customers. No document says that an item is whole: a list may leave fields out, or
 * show them empty. So each field is proved by a customer that holds something there and is the same when it is read by itself.
 * A field in which nobody holds anything cannot be proved: its blanks are taken on credit once many customers were found to be
 * as listed, one customer of each further page is looked at, and what was taken is given back when one is not.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../domain/json.ts'
import { isEmpty } from '../rapyd/held.ts'

export interface ListTrust {
  /** Tells what a customer shows that was read by itself: an item that lacks one of these fields is not the whole customer. */
  shows(image: JsonObject): void
  isWhole(item: JsonObject): boolean
  /** Whether a whole item may stand for its customer. */
  judge(item: JsonObject): 'proved' | 'on_credit' | 'unproved'
  /** Of the items of a page, the next one to be read by itself; nothing where that is not needed. `isFirst`: of this page, none was yet. */
  toCompare<Item extends { readonly image: JsonObject }>(
    items: readonly Item[],
    isFirst: boolean,
  ): Item | undefined
  /** False where the list does not show what the customer holds. */
  agrees(item: JsonObject, image: JsonObject): boolean
}

/** Customers that are compared before blanks are taken on credit. */
const enough = 40

export function createListTrust(): ListTrust {
  const shown = new Set<string>()
  const proved = new Set<string>()
  let compared = 0

  const unproved = (): readonly string[] => [...shown].filter((field) => !proved.has(field))
  const proves = ({ image }: { readonly image: JsonObject }): boolean =>
    unproved().some((field) => !isEmpty(image[field]))

  return {
    shows(image) {
      for (const field of Object.keys(image)) shown.add(field)
    },
    isWhole: (item) => shown.size > 0 && [...shown].every((field) => Object.hasOwn(item, field)),
    judge(item) {
      if (compared === 0) return 'unproved'
      const open = unproved()
      if (open.length === 0) return 'proved'
      return compared >= enough && open.every((field) => isEmpty(item[field])) ? 'on_credit' : 'unproved'
    },
    toCompare(items, isFirst) {
      if (compared > 0 && unproved().length === 0) return undefined
      const telling = items.find(proves)
      if (telling !== undefined) return telling
      if (compared < enough) return items[0]
      // Not always at the beginning of a page: what comes together was often made together.
      return isFirst ? items[Math.floor(items.length / 2)] : undefined
    },
    agrees(item, image) {
      const open = unproved()
      // Of what is proved, somebody may have changed something between the two.
      const fields = compared === 0 ? Object.keys(image) : open
      if (!fields.every((field) => isDeepStrictEqual(item[field], image[field]))) return false
      compared++
      for (const field of open) if (!isEmpty(image[field])) proved.add(field)
      return true
    },
  }
}
