/**
 * Customers that keep their state. Only what an update set is stored with the id, so that a million of them fit.
 *
 * Choices for what Rapyd does not document are options: what a blank, metadata and addresses do. Every `coupon` makes a new
 * discount. The wallet that a customer already has is accepted again. As customers exist that are named (`any`), so do payment
 * methods: one belongs to the customer that names it first.
 * `starting_after` is "the id created before the first wanted one" (docs, "List Customers"), so lists go by creation, oldest first.
 */
import { isJsonObject, isList, type JsonObject, type JsonValue } from '../model/json.ts'
import { newId, refusal, type Answer } from './answers.ts'
import rules from './customer-rules.json' with { type: 'json' }
import documented from './documented-objects.json' with { type: 'json' }
import type { SimulatedCustomer, SimulatorOptions } from './options.ts'

export type Customers = ReturnType<typeof createCustomers>

interface Page {
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

export function createCustomers(options: Required<SimulatorOptions>) {
  const any = options.customers === 'any'
  const kept = new Map<string, StoredCustomer>()
  const order: string[] = []
  /** The customers of wallets and payment methods. */
  const owners = new Map<JsonValue | undefined, string>()
  const timesRedeemed = new Map<string, number>()
  const startedAt = nowSeconds()

  function add(id: string, fields: JsonObject): StoredCustomer {
    const customer: StoredCustomer = { index: order.length, fields, updates: 0 }
    order.push(id)
    kept.set(id, customer)
    return customer
  }

  function touch(id: string): StoredCustomer | undefined {
    return kept.get(id) ?? (any && wellFormed.test(id) ? add(id, {}) : undefined)
  }

  /** The members of an answer have the order of the documentation. */
  function show(id: string, { index, fields }: StoredCustomer): SimulatedCustomer {
    const made = any ? madeUpFields(id) : {}
    const own = { id, created_at: startedAt + index, payment_methods: listMethods(id, []) }
    return { ...documented.customer, ...own, ...made, ...fields }
  }

  function checkOwned(id: string, fields: JsonObject, body: JsonObject): Answer | undefined {
    const { ewallet: wallet = '', default_payment_method: method = '', coupon } = body
    const { ewallet: ownWallet = '' } = fields
    if (wallet !== '' && wallet !== ownWallet) {
      if (ownWallet !== '') return refusal(400, 'CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')
      if (owners.has(wallet)) return refusal(400, 'ERROR_CREATE_CUSTOMER_EWALLET_ALREADY_IN_USE')
    }
    const owner = method === '' ? id : owners.get(method)
    if (owner === undefined && !any) return refusal(400, 'ERROR_CUSTOMER_PAYMENT_METHOD_NOT_FOUND')
    if (owner !== undefined && owner !== id)
      return refusal(400, 'ERROR_DEFAULT_PAYMENT_METHOD_BELONGS_TO_DIFFERENT_CUSTOMER')
    return coupon === '' && options.blankCoupon === 'refused' ? refusal(400, 'ERROR_GET_COUPON') : undefined
  }

  function redeem(coupon: string): JsonObject {
    const times = (timesRedeemed.get(coupon) ?? 0) + 1
    timesRedeemed.set(coupon, times)
    return { ...documented.coupon, id: coupon, created: startedAt, times_redeemed: times }
  }

  /** The members of the customer that this field of an update changes. */
  function change(id: string, fields: JsonObject, field: string, value: JsonValue): JsonObject {
    if (value === '' && options.blanks === 'ignore') return {}
    switch (field) {
      case 'metadata':
        return { [field]: newMetadata(objectOf(fields[field]), value, options) }
      case 'addresses': {
        const former = options.addresses === 'append' && value !== '' ? listOf(fields[field]) : []
        return { [field]: [...former, ...listOf(value).map(newAddress)] }
      }
      case 'coupon':
        if (value !== '') return { discount: newDiscount(redeem(textOf(value))) }
        return options.blankCoupon === 'clears' ? { discount: null } : {}
      case 'ewallet':
        owners.delete(fields[field])
        if (value !== '') owners.set(value, id)
        return { [field]: value }
      case 'default_payment_method':
        if (value === '' || owners.has(value)) return { [field]: value }
        owners.set(value, id)
        return { [field]: value, payment_methods: addMethod(id, fields, textOf(value)) }
      default:
        return { [field]: value }
    }
  }

  for (const { id, ...fields } of any ? [] : options.customers) {
    for (const own of [fields['ewallet'], fields['default_payment_method'], ...methodIds(fields)])
      if (typeof own === 'string' && own !== '') owners.set(own, id)
    add(id, fields)
  }

  return {
    /** What Retrieve Customer shows. Returns undefined if there is no such customer. */
    find(id: string): SimulatedCustomer | undefined {
      const customer = touch(id)
      return customer && show(id, customer)
    },
    /** Returns a refusal if it changed nothing. */
    update(id: string, body: JsonObject): Answer | undefined {
      const customer = touch(id)
      if (customer === undefined) return refusal(400, 'INVALID_CUSTOMER_ID')
      const refused = checkUpdate(body) ?? checkOwned(id, customer.fields, body)
      if (refused !== undefined) return refused
      for (const [field, value] of Object.entries(body))
        customer.fields = withoutUnset({ ...customer.fields, ...change(id, customer.fields, field, value) })
      customer.updates += 1
      return undefined
    },
    /** Returns the id of the discount that was removed, if there was one. */
    deleteDiscount(id: string): string | undefined {
      const customer = kept.get(id)
      const discount = objectOf(customer?.fields['discount'])['id']
      if (customer === undefined || typeof discount !== 'string') return undefined
      customer.fields = { ...customer.fields, discount: null }
      return discount
    },
    /** Number of updates that were applied. */
    updatesOf: (id: string): number => kept.get(id)?.updates ?? 0,
    /** In the order of creation. If both cursors are given, `startingAfter` counts. Returns undefined if a cursor names no customer. */
    list({ limit, startingAfter, endingBefore }: Page): readonly SimulatedCustomer[] | undefined {
      const cursor = startingAfter ?? endingBefore
      const at = cursor === undefined ? -1 : kept.get(cursor)?.index
      if (at === undefined) return undefined
      const from = startingAfter === undefined && endingBefore !== undefined ? at - limit : at + 1
      const ids = order.slice(Math.max(0, from), from + limit)
      return ids.flatMap((id) => {
        const customer = kept.get(id)
        return customer === undefined ? [] : [show(id, customer)]
      })
    },
  }
}

function newMetadata(
  former: JsonObject,
  value: JsonValue,
  { metadata, blanks }: Required<SimulatorOptions>,
): JsonObject {
  const others = metadata === 'merge' && value !== '' ? former : {}
  const taken = Object.entries(objectOf(value)).filter(([, item]) => item !== '' || blanks === 'clear')
  return { ...others, ...Object.fromEntries(taken) }
}

/** The values of a customer made at its first call, so that there is something to change. */
function madeUpFields(id: string): JsonObject {
  return { name: `Customer ${id.slice(4, 12)}`, email: `${id}@example.com` }
}

/** Fields that the documented answers do not have are shown only while they are set. */
function withoutUnset(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([field, value]) => value !== '' || Object.hasOwn(documented.customer, field),
    ),
  )
}

function newDiscount(coupon: JsonObject): JsonObject {
  return { ...documented.discount, id: newId('dis'), coupon, start: nowSeconds() }
}

/** An answer has at most three of them. */
function listMethods(id: string, data: readonly JsonValue[], count = data.length): JsonObject {
  const url = `/v1/customers/${id}/payment_methods`
  return { data: data.slice(-3), has_more: count > 3, total_count: count, url }
}

function addMethod(id: string, fields: JsonObject, method: string): JsonObject {
  const { data, total_count: count } = objectOf(fields['payment_methods'])
  const name = fields['name'] ?? madeUpFields(id)['name'] ?? ''
  const added: JsonObject = method.startsWith('card_')
    ? { ...documented.card, id: method, name, fingerprint_token: newId('ocfp') }
    : { ...documented.other, id: method }
  return listMethods(id, [...listOf(data), added], Number(count ?? 0) + 1)
}

function methodIds(fields: JsonObject): readonly (JsonValue | undefined)[] {
  return listOf(objectOf(fields['payment_methods'])['data']).map((method) => objectOf(method)['id'])
}

/** An address as it is stored, with an id and times of its own. */
function newAddress(given: JsonValue): JsonObject {
  const now = nowSeconds()
  return { ...objectOf(given), id: newId('address'), created_at: now, updated_at: now }
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : ''
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : []
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** Patterns that the text of a field matches. Ids with NO_SUCH_ are unknown, so that a file can meet the refusal. */
type TextRules = Readonly<
  Record<string, readonly { readonly pattern: string; readonly code?: string }[] | undefined>
>

/**
 * The refusal of this body of Update Customer, for any customer, with the documented code if there is one (docs, "Customer Errors",
 * "Address Errors", "Wallet Errors"). For wrong types and unknown fields none is documented: `INVALID_FIELDS - [FIELD]`. A blank is
 * valid: it clears. Returns undefined if it is valid.
 */
function checkUpdate({ addresses = '', ...others }: JsonObject): Answer | undefined {
  return checkFields(others, rules.customer) ?? checkAddresses(addresses)
}

function checkFields({ metadata = '', ...texts }: JsonObject, known: TextRules): Answer | undefined {
  if (metadata !== '' && !isJsonObject(metadata)) return invalidField('metadata')
  for (const [field, value] of Object.entries(texts)) {
    const tests = Object.hasOwn(known, field) ? known[field] : undefined
    if (tests === undefined || typeof value !== 'string') return invalidField(field)
    const broken = tests.find(({ pattern }) => value !== '' && !new RegExp(pattern, 'su').test(value))
    if (broken !== undefined)
      return broken.code === undefined ? invalidField(field) : refusal(400, broken.code)
  }
  return undefined
}

function invalidField(field: string): Answer {
  return refusal(400, 'INVALID_FIELDS', 'The request has invalid fields.', field)
}

/** New addresses, each with the two fields that Create Address requires; a blank clears them all. */
function checkAddresses(value: JsonValue): Answer | undefined {
  if (value === '') return undefined
  if (!isList(value)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
  for (const item of value) {
    if (!isJsonObject(item)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
    if (!item['name']) return refusal(400, 'INVALID_ADDRESS_NAME')
    if (!item['line_1']) return refusal(400, 'INVALID_ADDRESS_LINE_1')
    const refused = checkFields(item, rules.address)
    if (refused !== undefined) return refused
  }
  return undefined
}
