/**
 * Reads many customers with few calls. A page of the list costs one call, so it pays if it holds at least two wanted
 * customers. Single reads take turns with tries of the list: the page next to a customer that was just read, then the pages
 * after it while they pay. Tries that do not pay become rarer and change sides, because the order of the file is unknown.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../model/json.ts'
import type { ReadPage } from '../http/read-customer.ts'
import type { ReadCustomer } from '../http/ports.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { pageSize, type Cursor } from '../rapyd/requests.ts'
import { isEmpty } from '../rapyd/snapshot.ts'
import type { KnownCustomer, ReadingCounts, Readings } from '../store/readings.ts'

export interface ReadManyParts {
  /** The customers to read, in the order of the file. Gets each once, those of a page together. */
  readonly readings: Readings
  /** What is wanted of a customer. */
  readonly toSnapshot: (customer: JsonObject) => JsonObject
  readonly read: ReadCustomer
  readonly page: ReadPage
  /** Customers that are read at once at most. */
  readonly concurrency: number
}

interface ListItem {
  readonly customerId: string
  readonly snapshot: JsonObject
}

/** With fewer open customers a page is not tried. */
const leastOpen = 10
/** Single reads between two tries at most. */
const longestGap = 64

export async function readMany(
  { readings, toSnapshot, read, page, concurrency }: ReadManyParts,
  counts: ReadingCounts,
  signal: AbortSignal,
): Promise<void> {
  const busy = new Map<string, Promise<void>>()
  let side: Cursor['side'] = 'starting_after'
  /** Single reads between two tries, and since the last one. */
  let [gap, sinceTry] = [1, 0]
  let hasList = true
  const trust = createListTrust()
  let failure: { readonly error: unknown } | undefined

  async function readSingle(customerId: string): Promise<KnownCustomer> {
    counts.single++
    const reading = await read(customerId, signal)
    const snapshot = reading.kind === 'found' ? toSnapshot(reading.customer) : reading.kind
    if (typeof snapshot !== 'string') trust.addShown(snapshot)
    readings.keep([[customerId, snapshot]], counts)
    return snapshot
  }

  /** Resolves with nothing, because each race against a slow read keeps what has won it. */
  function startSingle(customerId: string): Promise<void> {
    const task = readSingle(customerId)
      .catch((error: unknown) => (failure ??= { error }))
      .then(() => void busy.delete(customerId))
    busy.set(customerId, task)
    return task
  }

  function findWanted(items: readonly JsonObject[]): readonly ListItem[] {
    const found = new Map<string, ListItem>()
    for (const item of items) {
      const customerId = item['id']
      if (typeof customerId !== 'string' || !readings.isOpen(customerId) || busy.has(customerId)) continue
      const snapshot = toSnapshot(item)
      if (trust.isWhole(snapshot)) found.set(customerId, { customerId, snapshot })
    }
    return [...found.values()]
  }

  /** Reads customers of a page singly, as long as that shows more about the list. False if the page is wrong. */
  async function isPageTrue(found: readonly ListItem[]): Promise<boolean> {
    const rest = new Set(found)
    for (;;) {
      const next = trust.nextToCompare([...rest], rest.size === found.length)
      if (next === undefined) return true
      rest.delete(next)
      const snapshot = await readSingle(next.customerId)
      if (snapshot === 'missing') return false
      if (snapshot !== 'unreadable' && !trust.compare(next.snapshot, snapshot)) return false
    }
  }

  function keepTrusted(found: readonly ListItem[]): void {
    const open = found.filter(({ customerId }) => readings.isOpen(customerId))
    for (const grade of ['proved', 'on_credit'] as const) {
      const trusted = open.filter(({ snapshot }) => trust.grade(snapshot) === grade)
      const items = trusted.map(({ customerId, snapshot }) => [customerId, snapshot] as const)
      if (items.length > 0) readings.keep(items, counts, grade === 'on_credit')
    }
  }

  /** Reads page after page while they pay. Returns true if the first one did. */
  async function readPages(from: string): Promise<boolean> {
    for (let customerId = from, pages = 0; ; pages++) {
      counts.pages++
      const items = await page({ side, customerId }, signal)
      const found = findWanted(items ?? [])
      hasList = items !== undefined && (await isPageTrue(found))
      if (!hasList) {
        if (items !== undefined) readings.giveBack()
        return false
      }
      keepTrusted(found)
      // The far end: pages before a customer are in the same order as those after it.
      const end = items?.at(side === 'starting_after' ? -1 : 0)?.['id']
      const isFull = items !== undefined && items.length >= pageSize
      if (found.length < 2 || !isFull || typeof end !== 'string' || !isCustomerId(end))
        return pages > 0 || found.length > 1
      customerId = end
    }
  }

  async function tryList(customerId: string): Promise<void> {
    sinceTry = 0
    if (await readPages(customerId)) gap = 1
    else {
      gap = Math.min(longestGap, gap * 2)
      side = side === 'starting_after' ? 'ending_before' : 'starting_after'
    }
  }

  async function readOpen(): Promise<void> {
    for (const customerId of readings.wanted()) {
      if (!readings.isOpen(customerId) || busy.has(customerId)) continue
      if (failure !== undefined) return
      signal.throwIfAborted()
      const task = startSingle(customerId)
      sinceTry++
      if (hasList && sinceTry >= gap && readings.open >= leastOpen) {
        await task
        if (failure === undefined) await tryList(customerId)
      } else if (busy.size >= concurrency) await Promise.race(busy.values())
    }
  }

  // Repeated if the list was wrong, and what was kept of it is open again.
  for (;;) {
    await readOpen()
    await Promise.all(busy.values())
    if (failure !== undefined) throw failure.error
    if (readings.open === 0) return
  }
}

/** Customers that are compared before blanks are taken on credit. */
const leastCompared = 40

/**
 * How far items of a list can replace single reads: no document says that an item is whole, so a list may leave fields out or show
 * them empty. A field is proved by a customer that holds a value there and is the same in a single read.
 *
 * A field that is empty for every customer cannot be proved. Its blanks are taken on credit once many customers were as
 * listed; one customer of each further page is compared, and a difference gives all of them back.
 */
function createListTrust() {
  const shown = new Set<string>()
  const proved = new Set<string>()
  let compared = 0

  const unproved = (): readonly string[] => [...shown].filter((field) => !proved.has(field))
  const canProve = ({ snapshot }: ListItem): boolean => unproved().some((field) => !isEmpty(snapshot[field]))

  return {
    /** Adds the fields that a single read shows. An item that lacks one of them is not the whole customer. */
    addShown(snapshot: JsonObject): void {
      for (const field of Object.keys(snapshot)) shown.add(field)
    },
    isWhole: (item: JsonObject): boolean =>
      shown.size > 0 && [...shown].every((field) => Object.hasOwn(item, field)),
    /** Whether a whole item can replace a single read. */
    grade(item: JsonObject): 'proved' | 'on_credit' | 'unproved' {
      if (compared === 0) return 'unproved'
      const open = unproved()
      if (open.length === 0) return 'proved'
      return compared >= leastCompared && open.every((field) => isEmpty(item[field]))
        ? 'on_credit'
        : 'unproved'
    },
    /** The next item of a page to read singly; undefined if none is needed. `isFirst`: none of this page was read yet. */
    nextToCompare(items: readonly ListItem[], isFirst: boolean): ListItem | undefined {
      if (compared > 0 && unproved().length === 0) return undefined
      const proving = items.find(canProve)
      if (proving !== undefined) return proving
      if (compared < leastCompared) return items[0]
      // Not always the first of a page: customers next to each other were often created together.
      return isFirst ? items[Math.floor(items.length / 2)] : undefined
    },
    /** Returns false if the item is not what the customer holds. */
    compare(item: JsonObject, snapshot: JsonObject): boolean {
      const open = unproved()
      // Proved fields may have changed between the two reads.
      const fields = compared === 0 ? Object.keys(snapshot) : open
      if (!fields.every((field) => isDeepStrictEqual(item[field], snapshot[field]))) return false
      compared++
      for (const field of open) if (!isEmpty(snapshot[field])) proved.add(field)
      return true
    },
  }
}
