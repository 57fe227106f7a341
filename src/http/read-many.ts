/**
 * Reads many customers with few calls. A page of the list costs one call and pays where it holds two wanted customers or
 * more, so beside customers that are read one by one the list is tried now and then: the page next to one that was just
 * read, then on from its far end for as long as pages pay. After tries that do not pay the next comes later and later, and on
 * the other side, because the order of the file is unknown.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../model/json.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { pageSize } from '../rapyd/requests.ts'
import type { Cursor } from '../rapyd/requests.ts'
import { isEmpty } from '../rapyd/snapshot.ts'
import type { ReadPage } from './patient-read.ts'
import type { ReadCustomer } from './read-customer.ts'

export interface ReadManyParts {
  /** The customers to read, in the order of the file. Asked again where some are given back. */
  readonly wanted: () => Iterable<string>
  /** True for a customer that is wanted and was not kept yet, by this or an earlier session. */
  readonly isOpen: (customerId: string) => boolean
  /** How many are open. */
  readonly open: () => number
  /** What of a customer is wanted. */
  readonly imageOf: (customer: JsonObject) => JsonObject
  readonly read: ReadCustomer
  readonly page: ReadPage
  /** Gets every customer once, those of a page together; what is kept on credit may be given back. */
  readonly keep: (found: readonly Kept[], isOnCredit: boolean) => void
  /** What was kept on credit is open again. */
  readonly giveBack: () => void
  /** Customers that are read at once at most. */
  readonly concurrency: number
}

export interface Kept {
  readonly customerId: string
  /** The image; or why there is none. */
  readonly image: JsonObject | 'missing' | 'unreadable'
}

interface Listed extends Kept {
  readonly image: JsonObject
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
  const { isOpen, imageOf, read, page, keep, giveBack } = parts
  const busy = new Map<string, Promise<unknown>>()
  let side: Cursor['side'] = 'starting_after'
  let [gap, since] = [1, 0]
  let hasList = true
  const trust = createListTrust()
  let failure: { readonly error: unknown } | undefined

  async function single(customerId: string): Promise<Kept['image']> {
    counts.single++
    const reading = await read(customerId, signal)
    const image = reading.kind === 'found' ? imageOf(reading.customer) : reading.kind
    if (typeof image !== 'string') trust.shows(image)
    keep([{ customerId, image }], false)
    return image
  }

  function start(customerId: string): Promise<unknown> {
    const task = single(customerId)
      .catch((error: unknown) => (failure ??= { error }))
      .finally(() => busy.delete(customerId))
    busy.set(customerId, task)
    return task
  }

  function wantedOn(items: readonly JsonObject[]): readonly Listed[] {
    const found = new Map<string, Listed>()
    for (const item of items) {
      const customerId = item['id']
      if (typeof customerId !== 'string' || !isOpen(customerId) || busy.has(customerId)) continue
      const image = imageOf(item)
      if (trust.isWhole(image)) found.set(customerId, { customerId, image })
    }
    return [...found.values()]
  }

  /** Whether customers of a page are there what they are when they are read by themselves, as far as that has to be known. */
  async function isAsListed(found: readonly Listed[]): Promise<boolean> {
    const rest = new Set(found)
    for (;;) {
      const next = trust.toCompare([...rest], rest.size === found.length)
      if (next === undefined) return true
      rest.delete(next)
      const image = await single(next.customerId)
      if (image === 'missing') return false
      if (image !== 'unreadable' && !trust.agrees(next.image, image)) return false
    }
  }

  function take(found: readonly Listed[]): void {
    const open = found.filter(({ customerId }) => isOpen(customerId))
    for (const judgement of ['proved', 'on_credit'] as const) {
      const taken = open.filter(({ image }) => trust.judge(image) === judgement)
      if (taken.length > 0) keep(taken, judgement === 'on_credit')
    }
  }

  /** True where the first page paid. */
  async function walk(from: string): Promise<boolean> {
    for (let customerId = from, pages = 0; ; pages++) {
      counts.pages++
      const items = await page({ side, customerId }, signal)
      const found = wantedOn(items ?? [])
      hasList = items !== undefined && (await isAsListed(found))
      if (!hasList) {
        if (items !== undefined) giveBack()
        return false
      }
      take(found)
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

  async function readOpen(): Promise<void> {
    for (const customerId of parts.wanted()) {
      if (!isOpen(customerId) || busy.has(customerId)) continue
      if (failure !== undefined) return
      signal.throwIfAborted()
      const task = start(customerId)
      since++
      if (hasList && since >= gap && parts.open() >= fewest) {
        await task
        if (failure === undefined) await tryList(customerId)
      } else if (busy.size >= parts.concurrency) await Promise.race(busy.values())
    }
  }

  // More than once where the list turned out to be no good, and what it had given is open again.
  for (;;) {
    await readOpen()
    await Promise.all(busy.values())
    if (failure !== undefined) throw failure.error
    if (parts.open() === 0) return
  }
}

/** Customers that are compared before blanks are taken on credit. */
const enough = 40

/**
 * How far the items of a list may stand for customers. No document says that an item is whole: a list may leave fields out, or
 * show them empty. So each field is proved by a customer that holds something there and is the same when it is read by itself.
 * A field that is empty for every customer cannot be proved: its blanks are taken on credit once many customers were found to be
 * as listed, one customer of each further page is looked at, and what was taken is given back when one is not.
 */
function createListTrust() {
  const shown = new Set<string>()
  const proved = new Set<string>()
  let compared = 0

  const unproved = (): readonly string[] => [...shown].filter((field) => !proved.has(field))
  const proves = ({ image }: { readonly image: JsonObject }): boolean =>
    unproved().some((field) => !isEmpty(image[field]))

  return {
    /** Tells what a customer shows that was read by itself: an item that lacks one of these fields is not the whole customer. */
    shows(image: JsonObject): void {
      for (const field of Object.keys(image)) shown.add(field)
    },
    isWhole: (item: JsonObject): boolean =>
      shown.size > 0 && [...shown].every((field) => Object.hasOwn(item, field)),
    /** Whether a whole item may stand for its customer. */
    judge(item: JsonObject): 'proved' | 'on_credit' | 'unproved' {
      if (compared === 0) return 'unproved'
      const open = unproved()
      if (open.length === 0) return 'proved'
      return compared >= enough && open.every((field) => isEmpty(item[field])) ? 'on_credit' : 'unproved'
    },
    /** Of the items of a page, the next one to be read by itself; nothing where that is not needed. `isFirst`: of this page, none was yet. */
    toCompare(items: readonly Listed[], isFirst: boolean): Listed | undefined {
      if (compared > 0 && unproved().length === 0) return undefined
      const telling = items.find(proves)
      if (telling !== undefined) return telling
      if (compared < enough) return items[0]
      // Not always at the beginning of a page: what comes together was often made together.
      return isFirst ? items[Math.floor(items.length / 2)] : undefined
    },
    /** False where the list does not show what the customer holds. */
    agrees(item: JsonObject, image: JsonObject): boolean {
      const open = unproved()
      // Proved fields may have changed between the two reads.
      const fields = compared === 0 ? Object.keys(image) : open
      if (!fields.every((field) => isDeepStrictEqual(item[field], image[field]))) return false
      compared++
      for (const field of open) if (!isEmpty(image[field])) proved.add(field)
      return true
    },
  }
}
