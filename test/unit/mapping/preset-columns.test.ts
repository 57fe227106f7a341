/** Presets on exports in other languages, and on exports that lack columns. */
import { describe, expect, it } from 'vitest'
import translations from '../../../src/mapping/column-translations.json' with { type: 'json' }
import { matchHeader } from '../../../src/mapping/headers.ts'
import { loadMapping } from '../../../src/mapping/mapping-file.ts'
import {
  findMissingColumns,
  refuseMissingColumns,
  translateColumns,
} from '../../../src/mapping/column-names.ts'
import { normalise } from '../../../src/model/text.ts'

const ids: Readonly<Record<string, string>> = {
  salesforce: 'Rapyd_Customer_ID__c',
  pipedrive: 'Person - Rapyd Customer ID',
}

async function match(preset: string, columns: readonly string[], ignored: readonly string[] = []) {
  const isTranslated = columns.some((name) => name.endsWith('Rapyd Customer ID'))
  const header = isTranslated ? columns : [ids[preset] ?? 'Rapyd Customer ID', ...columns]
  const mapping = translateColumns(await loadMapping(preset), header, ignored)
  const matched = matchHeader(header, ignored, mapping).filter(({ assignments }) => assignments.length > 0)
  const missing = findMissingColumns(mapping, header, ignored)
  return {
    fields: matched.map(({ name, assignments }) => [name, assignments[0]?.target.path]),
    missing: missing.map(({ column }) => column),
    refusal: refuseMissingColumns(mapping, missing, matched.length === 0),
  }
}

describe('a preset', () => {
  it.each([
    ['hubspot', 'Vorname,Nachname,E-Mail,Telefonnummer'],
    ['hubspot', 'Prénom,Nom,E-mail,Numéro de téléphone'],
    ['hubspot', 'Nombre,Apellidos,Correo,Número de teléfono'],
    ['hubspot', 'Nome,Cognome,E-mail,Numero di telefono'],
    ['hubspot', 'Nome,Sobrenome,E-mail,Número de telefone'],
    ['hubspot', 'Voornaam,Achternaam,E-mail,Telefoonnummer'],
    ['hubspot', '名,姓,Eメール,電話番号'],
    ['hubspot', 'Prénom,Nom,Adresse de messagerie,Téléphone'],
    ['hubspot', 'Imię,Nazwisko,E-mail,Numer telefonu'],
    ['hubspot', 'Förnamn,Efternamn,E-post,Telefonnummer'],
    ['hubspot', 'Fornavn,Etternavn,E-postadresse,Telefonnummer'],
    ['hubspot', 'Etunimi,Sukunimi,Sähköposti,Puhelinnumero'],
    ['hubspot', 'Имя,Фамилия,Электронная почта,Номер телефона'],
    ['hubspot', '이름,성,이메일,전화번호'],
    ['hubspot', '名字,姓氏,电子邮件,电话号码'],
    ['hubspot', 'Имя,Фамилия,Адрес электронной почты,Телефон'],
    ['hubspot', 'Nome próprio,Apelido,Correio eletrónico,Telemóvel'],
    ['hubspot', '名字,姓氏,邮箱,手机号码'],
    ['hubspot', 'Jméno,Příjmení,E-mail,Telefonní číslo'],
    ['hubspot', 'Meno,Priezvisko,E-mail,Telefónne číslo'],
    ['hubspot', 'Име,Презиме,Е-пошта,Телефон'],
    ['hubspot', 'Ime,Priimek,E-pošta,Telefonska številka'],
    ['hubspot', 'Vārds,Uzvārds,E-pasts,Tālruņa numurs'],
    ['hubspot', 'Vardas,Pavardė,El. paštas,Telefono numeris'],
    ['hubspot', 'Eesnimi,Perekonnanimi,Meiliaadress,Telefoninumber'],
    ['hubspot', 'पहला नाम,अंतिम नाम,ईमेल,फ़ोन नंबर'],
    ['hubspot', 'Όνομα,Επώνυμο,Email,Αριθμός τηλεφώνου'],
    ['hubspot', 'ชื่อจริง,นามสกุล,อีเมล,เบอร์โทร'],
    ['zoho', 'पूरा नाम,ईमेल,फ़ोन'],
    ['zoho', 'Nombre completo,Correo electrónico,Teléfono'],
    ['zoho', 'Nom complet,E-mail,Téléphone'],
    ['salesforce', '氏名,メール,電話'],
    ['dynamics', 'Vollständiger Name,E-Mail-Adresse,Telefon (geschäftlich)'],
    ['dynamics', 'Imię i nazwisko,E-mail,Telefon służbowy'],
    ['pipedrive', 'Person - Name,Person - E-Mail-Adresse - Büro,Person - Telefon - Büro'],
    [
      'pipedrive',
      'Pessoa - Rapyd Customer ID,Pessoa - Nome,Pessoa - E-mail - Trabalho,Pessoa - Telefone - Trabalho',
    ],
  ])('%s takes all that it takes in English from %s', async (preset, header) => {
    for (const form of ['NFC', 'NFD'] as const) {
      const { fields, missing, refusal } = await match(preset, header.normalize(form).split(','))
      expect(new Set(fields.map(([, path]) => path))).toEqual(new Set(['name', 'email', 'phone_number']))
      expect({ missing, refusal }).toEqual({ missing: [], refusal: undefined })
    }
  })

  it('takes the English column if the file has both', async () => {
    const { fields } = await match('zoho', ['Email', 'Correo electrónico', 'Full Name', 'Phone'])
    expect(fields).toEqual([
      ['Email', 'email'],
      ['Full Name', 'name'],
      ['Phone', 'phone_number'],
    ])
  })

  it('takes no translation of a column that is set aside', async () => {
    const { fields } = await match('zoho', ['Correo electrónico', 'Full Name', 'Phone'], ['Email'])
    expect(fields.map(([, path]) => path)).toEqual(['name', 'phone_number'])
  })

  it('is another mapping in another language, and in English the same as without a file', async () => {
    const english = await loadMapping('hubspot')
    const canonical = (...header: string[]) => translateColumns(english, header, []).canonical
    expect(canonical('First Name', 'last name', 'E-Mail', 'phone number')).toBe(english.canonical)
    expect(canonical('Vorname', 'Nachname')).not.toBe(english.canonical)
    expect(canonical('Vorname', 'Nachname')).not.toBe(canonical('Prénom', 'Nom'))
  })

  it.each([
    ['hubspot', 'Email,Mobile Phone Number', 'Phone Number', 'Mobile Phone Number'],
    ['hubspot', 'Email,Phone Numbr', 'Phone Number', 'Phone Numbr'],
    ['hubspot', 'E-mial,First Name,Last Name', 'Email', 'E-mial'],
    ['hubspot', 'Work Email,First Name,Last Name', 'Email', 'Work Email'],
    ['hubspot', 'Vorname,Nachname,Mail', 'Email', 'Mail'],
    ['hubspot', 'Prénom,Nom,E-mail,Téléphone portable', 'Phone Number', 'Téléphone portable'],
    ['hubspot', 'Voornaam,Achternaam,E-mail,Mobiel nummer', 'Phone Number', 'Mobiel nummer'],
    ['hubspot', 'Имя,Фамилия,Email,Мобильный', 'Phone Number', 'Мобильный'],
    ['hubspot', 'Email,Full Name', 'First Name', 'Full Name'],
    ['hubspot', 'Email,Nom complet', 'First Name', 'Nom complet'],
    ['hubspot', 'Vorname,Prénom,Nachname,Nom,Email', 'First Name', 'Vorname'],
    ['salesforce', 'FirstName,LastName,Email,Phone', 'Name', 'FirstName'],
    ['zoho', 'Voornaam,Achternaam,Email', 'Full Name', 'Voornaam'],
    ['dynamics', 'Full Name,Email,Mobile Phone', 'Business Phone', 'Mobile Phone'],
    ['pipedrive', 'Person - Name,Person - Email - Home', 'Person - Email - Work', 'Person - Email - Home'],
  ])('%s refuses %s and offers what "%s" may be', async (preset, header, column, nearest) => {
    const { refusal } = await match(preset, header.split(','))
    expect(refusal).toMatchObject({
      code: 'E_HEADER_MISSING_COLUMN',
      message: expect.stringContaining(`"${column}"`),
      remedy: expect.stringContaining(`Did you mean "${nearest}"?`),
    })
    const aside = await match(preset, header.split(','), [nearest])
    expect(aside.refusal?.remedy ?? '').not.toContain(`"${nearest}"`)
  })

  it.each([
    ['Email,First Name,Company name', 'Last Name', 'Export the file with that column.'],
    ['Email,First Name,Surname', 'Last Name', 'Did you mean "Surname"?'],
    ['E-Mail,Nachname,Vornname', 'First Name', 'Did you mean "Vornname"?'],
    ['E-Mail,Vorname,Telefon', 'Last Name', 'Export the file with that column.'],
  ])('refuses half of a name: %s', async (header, column, remedy) => {
    await expect(match('hubspot', header.split(','))).rejects.toMatchObject({
      code: 'E_HEADER_MISSING_COLUMN',
      message: expect.stringContaining(`"${column}"`),
      remedy: expect.stringContaining(remedy),
    })
  })

  it('offers no column that is set aside', async () => {
    await expect(match('hubspot', ['First Name', 'Surname'], ['Surname'])).rejects.toMatchObject({
      remedy: expect.stringContaining('Export the file with that column.'),
    })
  })

  it.each(['hubspot', 'salesforce', 'zoho', 'dynamics', 'pipedrive'])(
    '%s refuses a file of which it knows only the id',
    async (preset) => {
      const { refusal } = await match(preset, ['City', 'Számla', 'ქალაქი'])
      expect(refusal).toMatchObject({
        code: 'E_HEADER_MISSING_COLUMN',
        message: expect.stringContaining('only the customer id'),
      })
    },
  )
})

/** Usual columns of exports that are neither a name of a person, an e-mail address nor a phone number. */
const others =
  `Record ID,Create Date,Company name,Associated Company,Contact owner,Lead Status,Lifecycle Stage,Job Title,City,
State/Region,Postal Code,Country/Region,Street Address,Website URL,Fax Number,Industry,Number of Employees,Annual Revenue,Notes,Persona,
Account Name,Account ID,Created By,Modified By,Last Activity Date,Lead Source,Date,Note,State,Title,Salutation,Birthdate,Department,Owner,
Unternehmen,Firma,Ort,Postleitzahl,Straße,Land,Erstellt am,Anrede,Abteilung,Position,Entreprise,Ville,Code postal,Pays,Civilité,Poste,
Empresa,Ciudad,Código postal,País,Cargo,Propietario,Azienda,Città,CAP,Paese,Proprietario,Cidade,CEP,Proprietário,Bedrijf,Plaats,Postcode,
会社名,市区町村,郵便番号,国,役職,担当者,作成日,Firma,Miasto,Kod pocztowy,Kraj,Stanowisko,Företag,Ort,Postnummer,Компания,Город,Должность,
公司名称,城市,职位,회사,도시,직함,الشركة,المدينة,חברה,עיר,कंपनी,शहर,บริษัท,เมือง,Şirket,Şehir,Εταιρεία,Πόλη,კომპანია,Ընկերություն`
    .split(',')
    .map((name) => name.trim())

describe('a preset without some of its columns', () => {
  it.each([
    ['hubspot', 'Email', ['Phone Number', 'First Name', 'Last Name']],
    ['hubspot', 'Phone Number', ['Email', 'First Name', 'Last Name']],
    ['salesforce', 'Email', ['Name', 'Phone']],
    ['zoho', 'Correo electrónico', ['Full Name', 'Phone']],
    ['dynamics', 'Full Name', ['Business Phone', 'Email']],
  ])('%s takes %s, and refuses none of the usual other columns', async (preset, column, missing) => {
    const found = await match(preset, [...new Set([column, ...others])])
    expect(found).toMatchObject({ missing, refusal: undefined })
    expect(found.fields).toHaveLength(1)
  })
})

describe('the translations', () => {
  it.each(Object.entries(translations.names))('of %s are each written once', (_, lines) => {
    const names = lines.flatMap((line) => line.split(', ')).map(normalise)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('of one column are never those of another of its preset', () => {
    const { names } = translations
    const [first, last, full, email, phone] = [
      names['First Name'],
      names['Last Name'],
      names['Full Name'],
      names.Email,
      names.Phone,
    ].map((lines) => lines.flatMap((line) => line.split(', ')).map(normalise))
    const all = [first, last, full, email, phone].flatMap((list) => list ?? [])
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([])
  })
})
