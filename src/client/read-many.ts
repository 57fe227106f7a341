/**
 * Reads many customers with few calls. A page of the list costs one call and pays where it holds two wanted customers or
 * more, so beside customers that are read one by one the list is tried now and then: the page next to one that was just
 * read, then on from its far end for as long as pages pay. After tries that do not pay the next comes later and later, and on
 * the other side, because nobody knows which way the file goes.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../domain/json.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { pageSize } from '../rapyd/customer-list.ts'
import type { Cursor } from '../rapyd/customer-list.ts'
import type { ReadCustomer } from './read-customer.ts'
import type { ReadPage } from './read-page.ts'

export interface ReadManyParts {
  /** The customers to read, in the order of the file. */
  readonly wanted: Iterable<string>
  /** True for a customer that is wanted and was not kept yet, by this or an earlier session. */
  readonly isOpen: (customerId: string) => boolean
  /** How many are open. */
  readonly open: () => number
  /** What of a customer is wanted. */
  readonly imageOf: (customer: JsonObject) => JsonObject
  readonly read: ReadCustomer
  readonly page: ReadPage
  /** Gets every customer once, those of a page together. */
  readonly keep: (found: readonly Kept[]) => void
  /** Customers that are read at once at most. */
  readonly concurrency: number
}

export interface Kept {
  readonly customerId: string
  /** The image; or why there is none. */
  readonly image: JsonObject | 'missing' | 'unreadable'
}

export interface ReadCounts {
  /** Customers that were read one by one, and pages of the list. */
  single: number
  pages: number
}

/** Fewer open customers than this are not worth a page that may be for nothing. */
const fewest = 10
/** Customers read one by one between two tries at most: what is tried for nothing is one call in so many. */
const longestGap = 64

export async function readMany(parts: ReadManyParts, counts: ReadCounts, signal: AbortSignal): Promise<void> {
  const { isOpen, imageOf, read, page, keep } = parts
  const busy = new Map<string, Promise<unknown>>()
  let side: Cursor['side'] = 'starting_after'
  let [gap, since] = [1, 0]
  let hasList = true
  let isTrusted = false
  /** Fields that a single read shows: an item of a list that lacks one is not the whole customer. */
  let shown: readonly string[] | undefined
  let failure: { readonly error: unknown } | undefined

  async function single(customerId: string): Promise<JsonObject | undefined> {
    counts.single++
    const reading = await read(customerId, signal)
    if (reading.kind !== 'found') {
      keep([{ customerId, image: reading.kind }])
      return undefined
    }
    const image = imageOf(reading.customer)
    shown ??= Object.keys(image)
    keep([{ customerId, image }])
    return image
  }

  function start(customerId: string): Promise<unknown> {
    const task = single(customerId)
      .catch((error: unknown) => (failure ??= { error }))
      .finally(() => busy.delete(customerId))
    busy.set(customerId, task)
    return task
  }

  function wantedOn(items: readonly JsonObject[]): readonly Kept[] {
    const found = new Map<string, Kept>()
    for (const item of items) {
      const customerId = item['id']
      if (typeof customerId !== 'string' || !isOpen(customerId) || busy.has(customerId)) continue
      const image = imageOf(item)
      if (shown?.every((field) => Object.hasOwn(image, field)) === true)
        found.set(customerId, { customerId, image })
    }
    return [...found.values()]
  }

  /** Whether a customer on the first page that pays is there what it is when it is read by itself. */
  async function agrees(kept: Kept | undefined): Promise<boolean> {
    return kept === undefined || isDeepStrictEqual(await single(kept.customerId), kept.image)
  }

  /** True where the first page paid. */
  async function walk(from: string): Promise<boolean> {
    for (let customerId = from, pages = 0; ; pages++) {
      counts.pages++
      const items = await page({ side, customerId }, signal)
      const found = wantedOn(items ?? [])
      hasList = items !== undefined && (isTrusted || (await agrees(found[0])))
      if (!hasList) return false
      isTrusted ||= found.length > 0
      keep(found.filter((kept) => isOpen(kept.customerId)))
      // The far end: pages before a customer are listed in the same order as those after it.
      const end = items?.at(side === 'starting_after' ? -1 : 0)?.['id']
      const isWhole = items !== undefined && items.length >= pageSize
      if (found.length < 2 || !isWhole || typeof end !== 'string' || !isCustomerId(end))
        return pages > 0 || found.length > 1
      customerId = end
    }
  }

  async function tryList(customerId: string): Promise<void> {
    since = 0
    if (await walk(customerId)) gap = 1
    else {
      gap = Math.min(longestGap, gap * 2)
      side = side === 'starting_after' ? 'ending_before' : 'starting_after'
    }
  }

  for (const customerId of parts.wanted) {
    if (!isOpen(customerId) || busy.has(customerId)) continue
    if (failure !== undefined) break
    signal.throwIfAborted()
    const task = start(customerId)
    since++
    if (hasList && since >= gap && parts.open() >= fewest) {
      await task
      if (failure === undefined) await tryList(customerId)
    } else if (busy.size >= parts.concurrency) await Promise.race(busy.values())
  }
  await Promise.all(busy.values())
  if (failure !== undefined) throw failure.error
}
