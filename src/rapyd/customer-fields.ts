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
  /** The documented customer (rapyd-api.md, 5.2) has no such field, so where it is absent nobody knows what is held. */
  readonly isUndocumentedInAnswers?: true
}

const undocumented = 'Rapyd does not document that a blank clears this field.'

export const customerFields: readonly CustomerField[] = [
  {
    name: 'name',
    type: 'text',
    doubtfulClear: 'Rapyd asks for a name when a customer is created and may refuse a blank.',
  },
  { name: 'email', type: 'text', rule: emailRule },
  { name: 'phone_number', type: 'text', rule: phoneRule },
  { name: 'description', type: 'text' },
  { name: 'business_vat_id', type: 'text' },
  { name: 'invoice_prefix', type: 'text' },
  { name: 'default_payment_method', type: 'text', rule: paymentMethodRule, doubtfulClear: undocumented },
  {
    name: 'ewallet',
    type: 'text',
    rule: ewalletRule,
    doubtfulClear: 'A wallet seems to be set once: Rapyd may refuse a blank.',
  },
  {
    name: 'coupon',
    type: 'text',
    doubtfulClear: 'Rapyd documents Delete Discount for this; a blank may be refused or ignored.',
  },
  { name: 'addresses', type: 'addresses', doubtfulClear: undocumented },
  { name: 'metadata', type: 'metadata', doubtfulClear: undocumented },
  {
    name: 'date_of_birth',
    type: 'text',
    rule: dateRule,
    doubtfulClear: undocumented,
    isUndocumentedInAnswers: true,
  },
  {
    name: 'birth_country',
    type: 'text',
    rule: countryRule,
    doubtfulClear: undocumented,
    isUndocumentedInAnswers: true,
  },
  {
    name: 'nationality',
    type: 'text',
    rule: countryRule,
    doubtfulClear: undocumented,
    isUndocumentedInAnswers: true,
  },
  {
    name: 'occupation',
    type: 'text',
    rule: occupationRule,
    doubtfulClear: undocumented,
    isUndocumentedInAnswers: true,
  },
]

/** Fields of one item of `addresses`. */
export const addressFields: readonly CustomerField[] = [
  { name: 'name', type: 'text' },
  { name: 'line_1', type: 'text' },
  { name: 'line_2', type: 'text' },
  { name: 'line_3', type: 'text' },
  { name: 'city', type: 'text' },
  { name: 'district', type: 'text' },
  { name: 'canton', type: 'text' },
  { name: 'state', type: 'text' },
  { name: 'country', type: 'text', rule: countryRule },
  { name: 'zip', type: 'text' },
  { name: 'phone_number', type: 'text', rule: phoneRule },
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
