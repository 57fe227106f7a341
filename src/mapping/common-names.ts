/** What columns with the data of a field are called in other systems, without regard to case, spaces, hyphens and underscores. */
import { normalise } from '../domain/nearest.ts'

const names: Readonly<Record<string, readonly string[]>> = {
  customer: [
    'Rapyd ID',
    'Rapyd Customer',
    'Rapyd Customer ID',
    'Rapyd_Customer_ID__c',
    'Person - Rapyd Customer ID',
  ],
  name: ['Full Name', 'Customer Name', 'Contact Name', 'Display Name', 'Person - Name', 'Nombre', 'Nom'],
  email: [
    'E-Mail Address',
    'Mail',
    'Primary Email',
    'Work Email',
    'Person - Email - Work',
    'Email - Work',
    'Correo',
  ],
  phone_number: [
    'Phone',
    'Mobile',
    'Mobile Phone',
    'MobilePhone',
    'Mobile Phone Number',
    'Business Phone',
    'Telephone',
    'Tel',
    'Cell',
    'Cell Phone',
    'Person - Phone - Work',
    'Phone - Work',
    'Telefon',
    'Telefono',
  ],
  business_vat_id: ['VAT', 'VAT ID', 'VAT Number', 'Tax ID', 'USt-IdNr.', 'NIF', 'CIF'],
  date_of_birth: ['Birthday', 'Birthdate', 'Birth Date', 'DOB', 'Born'],
  nationality: ['Citizenship'],
  birth_country: ['Country of Birth'],
  occupation: ['Profession'],
}

const fields = new Map(
  Object.entries(names).flatMap(([field, known]) => known.map((name) => [normalise(name), field] as const)),
)

/** Parts of an address, which are not drafted: Rapyd appends one at every update. */
const addressParts = new Map(
  Object.entries({
    line_1: [
      'Street',
      'Street Address',
      'Address',
      'Address 1',
      'MailingStreet',
      'Mailing Street',
      'Address 1: Street 1',
    ],
    city: ['City', 'Town', 'MailingCity', 'Mailing City', 'Address 1: City'],
    state: [
      'State',
      'State/Region',
      'Province',
      'MailingState',
      'Mailing State',
      'Address 1: State/Province',
    ],
    zip: [
      'Zip',
      'Zip Code',
      'Postal Code',
      'Postcode',
      'MailingPostalCode',
      'Mailing Zip',
      'Address 1: ZIP/Postal Code',
    ],
    country: ['Country', 'Country/Region', 'MailingCountry', 'Mailing Country', 'Address 1: Country/Region'],
  }).flatMap(([part, known]) => known.map((name) => [normalise(name), part] as const)),
)

/** What the two columns of a name are called. */
const nameParts = {
  first: ['First Name', 'Given Name', 'Forename', 'Vorname', 'Prénom', 'Person - First name'],
  last: ['Last Name', 'Family Name', 'Surname', 'Nachname', 'Apellido', 'Apellidos', 'Person - Last name'],
} as const

const partNames = {
  first: new Set(nameParts.first.map(normalise)),
  last: new Set(nameParts.last.map(normalise)),
}

/** True for a column that holds just that part of a name. */
export function isNamePart(name: string, part: keyof typeof nameParts): boolean {
  return partNames[part].has(normalise(name))
}

/** The field, or `customer`; nothing for names that say nothing. */
export function commonField(name: string): string | undefined {
  return fields.get(normalise(name))
}

export function commonAddressPart(name: string): string | undefined {
  return addressParts.get(normalise(name))
}
