/**
 * The catalogue of what Update Customer takes. Rules that the documentation states are errors; what it leaves open
 * is said in `doubtfulClear` and becomes a warning.
 */
import {
  countryRule,
  dateRule,
  emailRule,
  ewalletRule,
  occupationRule,
  paymentMethodRule,
  phoneRule,
} from './field-rules.ts'
import type { Rule } from './field-rules.ts'

export interface CustomerField {
  readonly name: string
  readonly type: 'text' | 'addresses' | 'metadata'
  readonly rule?: Rule
  /** What is not known about sending an empty string for this field. */
  readonly doubtfulClear?: string
  /** The documented customer (rapyd-api.md, 5.2) has no such field, so where it is absent the held value is unknown. */
  readonly isUndocumentedInAnswers?: true
}

function text(name: string, more: Partial<CustomerField> = {}): CustomerField {
  return { name, type: 'text', ...more }
}

const undocumentedClear = { doubtfulClear: 'Rapyd does not document that a blank clears this field.' }
const undocumented = { ...undocumentedClear, isUndocumentedInAnswers: true } as const

export const customerFields: readonly CustomerField[] = [
  text('name', {
    doubtfulClear: 'Rapyd asks for a name when a customer is created and may refuse a blank.',
  }),
  text('email', { rule: emailRule }),
  text('phone_number', { rule: phoneRule }),
  text('description'),
  text('business_vat_id'),
  text('invoice_prefix'),
  text('default_payment_method', { rule: paymentMethodRule, ...undocumentedClear }),
  text('ewallet', {
    rule: ewalletRule,
    doubtfulClear: 'A wallet seems to be set once: Rapyd may refuse a blank.',
  }),
  text('coupon', {
    doubtfulClear: 'Rapyd documents Delete Discount for this; a blank may be refused or ignored.',
  }),
  { name: 'addresses', type: 'addresses', ...undocumentedClear },
  { name: 'metadata', type: 'metadata', ...undocumentedClear },
  text('date_of_birth', { rule: dateRule, ...undocumented }),
  text('birth_country', { rule: countryRule, ...undocumented }),
  text('nationality', { rule: countryRule, ...undocumented }),
  text('occupation', { rule: occupationRule, ...undocumented }),
]

/** Fields of one item of `addresses`. */
export const addressFields: readonly CustomerField[] = [
  ...['name', 'line_1', 'line_2', 'line_3', 'city', 'district', 'canton', 'state'].map((name) => text(name)),
  text('country', { rule: countryRule }),
  text('zip'),
  text('phone_number', { rule: phoneRule }),
  { name: 'metadata', type: 'metadata' },
]

const customerFieldsByName = new Map(customerFields.map((field) => [field.name, field]))
const addressFieldsByName = new Map(addressFields.map((field) => [field.name, field]))

export function isCustomerField(name: string): boolean {
  return customerFieldsByName.has(name)
}

export function customerField(name: string): CustomerField | undefined {
  return customerFieldsByName.get(name)
}

export function addressField(name: string): CustomerField | undefined {
  return addressFieldsByName.get(name)
}
