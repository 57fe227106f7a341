/**
 * Customers that keep their state. Only what an update set is stored with the id, so that a million of them fit.
 *
 * Choices for what Rapyd does not document: a blank clears every field, `metadata` merges by key and `addresses` appends with new
 * ids (options). Every `coupon` makes a new discount. The wallet that a customer already has is accepted again.
 * `starting_after` is "the id created before the first wanted one" (docs, "List Customers"), so lists go by creation, oldest first.
 */
import { randomUUID } from 'node:crypto'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { refusal } from './answers.ts'
import type { Answer } from './answers.ts'
import { checkUpdate } from './customer-rules.ts'
import type { SimulatedCustomer, SimulatorOptions } from './options.ts'

export interface Customers {
  /** What Retrieve Customer shows. Returns undefined if there is no such customer. */
  find(id: string): SimulatedCustomer | undefined
  /** Returns a refusal if it changed nothing. */
  update(id: string, body: JsonObject): Answer | undefined
  /** Returns the id of the discount that was removed, if there was one. */
  deleteDiscount(id: string): string | undefined
  /** Number of updates that were applied. */
  updatesOf(id: string): number
  /** In the order of creation. Returns undefined if a cursor names no customer. */
  list(page: Page): readonly SimulatedCustomer[] | undefined
}

/** If both cursors are given, `startingAfter` counts. */
export interface Page {
  readonly limit: number
  readonly startingAfter?: string | undefined
  readonly endingBefore?: string | undefined
}

interface StoredCustomer {
  /** Position in the order of creation. */
  readonly index: number
  fields: JsonObject
  updates: number
}

const wellFormed = /^cus_[A-Za-z0-9_-]{1,64}$/

export function createCustomers(
  options: Pick<Required<SimulatorOptions>, 'customers' | 'metadata' | 'addresses' | 'blankCoupon'>,
): Customers {
  const any = options.customers === 'any'
  const kept = new Map<string, StoredCustomer>()
  const order: string[] = []
  const walletOwners = new Map<string, string>()
  const startedAt = Math.floor(Date.now() / 1000)

  function add(id: string, fields: JsonObject): StoredCustomer {
    const customer: StoredCustomer = { index: order.length, fields, updates: 0 }
    order.push(id)
    kept.set(id, customer)
    return customer
  }

  function touch(id: string): StoredCustomer | undefined {
    return kept.get(id) ?? (any && wellFormed.test(id) ? add(id, {}) : undefined)
  }

  function show(id: string, { index, fields }: StoredCustomer): SimulatedCustomer {
    const made = any ? madeUpFields(id) : {}
    return { ...blankCustomer(id, startedAt + index), ...made, ...fields, id }
  }

  function checkWallet(id: string, wallet: JsonValue | undefined, owned: JsonValue | undefined) {
    if (typeof wallet !== 'string' || wallet === '' || wallet === owned) return undefined
    if (typeof owned === 'string' && owned !== '') return refusal(400, 'CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')
    const owner = walletOwners.get(wallet)
    if (owner !== undefined && owner !== id)
      return refusal(400, 'ERROR_CREATE_CUSTOMER_EWALLET_ALREADY_IN_USE')
    return undefined
  }

  function checkCoupon(coupon: JsonValue | undefined) {
    return coupon === '' && options.blankCoupon === 'refused' ? refusal(400, 'ERROR_GET_COUPON') : undefined
  }

  function merged(field: string, value: JsonValue, before: JsonValue | undefined): JsonValue {
    if (field === 'metadata') {
      const others = options.metadata === 'merge' && value !== '' ? objectOf(before) : {}
      return { ...others, ...objectOf(value) }
    }
    if (field !== 'addresses') return value
    const former = options.addresses === 'append' && value !== '' ? listOf(before) : []
    return [...former, ...listOf(value).map(newAddress)]
  }

  for (const { id, ...fields } of any ? [] : options.customers) {
    if (typeof fields['ewallet'] === 'string') walletOwners.set(fields['ewallet'], id)
    add(id, fields)
  }

  return {
    find(id) {
      const customer = touch(id)
      return customer && show(id, customer)
    },
    update(id, body) {
      const customer = touch(id)
      if (customer === undefined) return refusal(400, 'INVALID_CUSTOMER_ID')
      const { ewallet, coupon, ...plain } = body
      const owned = customer.fields['ewallet']
      const refused = checkUpdate(body) ?? checkWallet(id, ewallet, owned) ?? checkCoupon(coupon)
      if (refused !== undefined) return refused
      const fields: Record<string, JsonValue> = { ...customer.fields }
      for (const [field, value] of Object.entries(plain)) fields[field] = merged(field, value, fields[field])
      if (typeof ewallet === 'string') {
        if (typeof owned === 'string') walletOwners.delete(owned)
        if (ewallet !== '') walletOwners.set(ewallet, id)
        fields['ewallet'] = ewallet
      }
      if (coupon === '' && options.blankCoupon === 'clears') fields['discount'] = null
      if (typeof coupon === 'string' && coupon !== '') fields['discount'] = newDiscount(coupon)
      customer.fields = fields
      customer.updates += 1
      return undefined
    },
    deleteDiscount(id) {
      const customer = kept.get(id)
      const discount = objectOf(customer?.fields['discount'])['id']
      if (customer === undefined || typeof discount !== 'string') return undefined
      customer.fields = { ...customer.fields, discount: null }
      return discount
    },
    updatesOf: (id) => kept.get(id)?.updates ?? 0,
    list({ limit, startingAfter, endingBefore }) {
      const cursor = startingAfter ?? endingBefore
      const at = cursor === undefined ? -1 : kept.get(cursor)?.index
      if (at === undefined) return undefined
      const backward = startingAfter === undefined && endingBefore !== undefined
      const chosen = backward ? order.slice(Math.max(0, at - limit), at) : order.slice(at + 1, at + 1 + limit)
      return chosen.flatMap((id) => {
        const customer = kept.get(id)
        return customer === undefined ? [] : [show(id, customer)]
      })
    },
  }
}

/** Fields that are texts; an empty text means that the field is not set. */
const textFields = [
  'name',
  'default_payment_method',
  'description',
  'email',
  'phone_number',
  'invoice_prefix',
  'business_vat_id',
  'ewallet',
  'date_of_birth',
  'birth_country',
  'nationality',
  'occupation',
]
const blankTexts: JsonObject = Object.fromEntries(textFields.map((field) => [field, '']))

/** A customer with nothing set (docs, "Customer Object"). `createdAt` in seconds. */
function blankCustomer(id: string, createdAt: number): JsonObject {
  const url = `/v1/customers/${id}/payment_methods`
  return {
    id,
    delinquent: false,
    discount: null,
    ...blankTexts,
    addresses: [],
    payment_methods: { data: [], has_more: false, total_count: 0, url },
    subscriptions: null,
    created_at: createdAt,
    metadata: {},
  }
}

/** The values of a customer made at its first call, so that there is something to change. */
function madeUpFields(id: string): JsonObject {
  return { name: `Customer ${id.slice(4, 12)}`, email: `${id}@example.com` }
}

/** Each use of a coupon makes a new discount. */
function newDiscount(coupon: string): JsonObject {
  return {
    id: newId('dis'),
    coupon: { id: coupon },
    start: nowSeconds(),
    end: -1,
    subscription: '',
    number_of_uses: 0,
    valid: true,
  }
}

/** An address as it is stored, with an id and times of its own. */
function newAddress(given: JsonValue): JsonObject {
  const now = nowSeconds()
  return { ...objectOf(given), id: newId('address'), created_at: now, updated_at: now }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : []
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
