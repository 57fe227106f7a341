/**
 * Mappings for the usual exports of CRMs: `--map hubspot`. Only who a customer is (name, e-mail, phone number), from the columns
 * that those exports have by default; everything else is set aside. Addresses are, too, because Rapyd appends one at every update.
 * The id of the customer stands in no export by default: it is a field of your own, and `customer` says what it must be called.
 */

interface Preset {
  readonly customer: string
  readonly columns: Readonly<Record<string, unknown>>
  readonly joined?: Readonly<Record<string, unknown>>
}

const name = 'name'
const email = { field: 'email', transform: 'trim' }
/** Their users write numbers in many ways; one without a plus sign has no country, and is refused. */
const phone = { field: 'phone_number', transform: { phone: 'international' } }

const presets: Readonly<Record<string, Preset>> = {
  // Contacts, "Export view" and "Export all properties" (knowledge.hubspot.com, "Export your records"): columns are called by
  // the labels of "HubSpot's default contact properties". There is no property for the whole name.
  hubspot: {
    customer: 'Rapyd Customer ID',
    columns: { Email: email, 'Phone Number': phone },
    joined: { name: ['First Name', 'Last Name'] },
  },
  // Contact, by the names of the API, as Data Loader and the data export service write them.
  salesforce: { customer: 'Rapyd_Customer_ID__c', columns: { Name: name, Email: email, Phone: phone } },
  // Contacts, Setup → Data Administration → Export.
  zoho: { customer: 'Rapyd Customer ID', columns: { 'Full Name': name, Email: email, Phone: phone } },
  // Contacts, "Export to Excel" of a view, saved as CSV.
  dynamics: {
    customer: 'Rapyd Customer ID',
    columns: { 'Full Name': name, Email: email, 'Business Phone': phone },
  },
  // People, list view → Export filter results.
  pipedrive: {
    customer: 'Person - Rapyd Customer ID',
    columns: { 'Person - Name': name, 'Person - Email - Work': email, 'Person - Phone - Work': phone },
  },
}

export const presetNames: readonly string[] = Object.keys(presets)

/** The mapping file that a preset stands for; nothing where there is none of that name. */
export function presetText(preset: string): string | undefined {
  return Object.hasOwn(presets, preset) ? JSON.stringify(presets[preset], undefined, 2) : undefined
}
