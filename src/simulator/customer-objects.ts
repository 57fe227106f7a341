/** The objects that the API shows: a customer with every field, a discount, a new address. Empty texts stand for unset. */
import { randomUUID } from 'node:crypto'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'

const texts = ['name', 'default_payment_method', 'description', 'email', 'phone_number', 'invoice_prefix']
const moreTexts = [
  'business_vat_id',
  'ewallet',
  'date_of_birth',
  'birth_country',
  'nationality',
  'occupation',
]
const blankTexts: JsonObject = Object.fromEntries([...texts, ...moreTexts].map((field) => [field, '']))

/** A customer with nothing set (docs, "Customer Object"). `createdAt` in seconds. */
export function blankCustomer(id: string, createdAt: number): JsonObject {
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

/** What a customer made on first touch already holds, so that there is something to change. */
export function madeUpFields(id: string): JsonObject {
  return { name: `Customer ${id.slice(4, 12)}`, email: `${id}@example.com` }
}

/** A discount from a coupon: a new one each time. */
export function newDiscount(coupon: string): JsonObject {
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

/** An address as it is kept: with an id and times of its own. */
export function newAddress(given: JsonValue): JsonObject {
  const now = nowSeconds()
  return { ...objectOf(given), id: newId('address'), created_at: now, updated_at: now }
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : []
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
