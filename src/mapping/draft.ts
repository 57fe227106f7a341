/**
 * Drafts a mapping file from the names and texts of columns: one entry a column, with a comment that gives the reason. A column
 * without a clear field is set aside, and its comment says how to use it.
 */
import { normalise, printable, unicodeEscape } from '../model/text.ts'
import commonNames from './common-names.json' with { type: 'json' }
import { idRank } from './column-names.ts'
import { chooseTransform, type ColumnProfile } from './column-profile.ts'
import { targetOf } from './targets.ts'

export interface DraftColumn {
  readonly name: string
  readonly filled: number
  readonly blank: number
  readonly distinct: { readonly count: number; readonly more: boolean }
  readonly profile: ColumnProfile
}

/** Returns the field for a column name that is usual in other systems. */
const fieldCalled = createNameLookup(commonNames.fields)
/** Parts of an address are not drafted, because Rapyd appends an address at every update. */
const addressPartCalled = createNameLookup(commonNames.addressParts)
const namePartCalled = createNameLookup(commonNames.nameParts)

function createNameLookup(
  names: Readonly<Record<string, readonly string[]>>,
): (name: string) => string | undefined {
  const meanings = new Map(
    Object.entries(names).flatMap(([meaning, known]) => known.map((name) => [normalise(name), meaning])),
  )
  return (name) => meanings.get(normalise(name))
}

interface Choice {
  readonly field: string
  readonly why: string
}

export interface Draft {
  readonly text: string
  /** The column of the customer ids; undefined if none was found. */
  readonly customer: string | undefined
  /** The number of columns that go into a field, and of those that are set aside. */
  readonly taken: number
  readonly aside: number
}

/** `source` is the name of the input. Columns that an `errors` file has added must be left out. */
export function draftMapping(source: string, columns: readonly DraftColumn[]): Draft {
  // Keeps one column of each name, and none that a mapping cannot name.
  const named = columns.filter(
    ({ name }, index) => name !== '__proto__' && columns.findIndex((other) => other.name === name) === index,
  )
  const customer = findCustomer(named)
  const name = findNameParts(named)
  const used = new Set(name.length === 0 ? [] : ['name'])
  const others = named.filter((column) => column !== customer && !name.includes(column))
  const entries = others.map((column) => {
    const { entry, comment } = entryFor(column, used)
    return { column, entry, comment }
  })
  const lines = [
    `# Drafted by rapyd-bulk init from ${printable(source)}. Look through it; then: rapyd-bulk validate FILE --map THIS`,
    '# A blank cell clears its field. To leave the field alone instead, write { field: …, blank: keep }.',
    ...customerLines(customer),
    entries.length === 0 ? 'columns: {}' : 'columns:',
    ...entries.flatMap(({ column, entry, comment }) => [
      `  # ${describeContent(column)} ${comment}`,
      `  ${yamlKey(column.name)}: ${entry}`,
    ]),
    ...nameLines(name),
  ]
  const aside = entries.filter(({ entry }) => entry === 'ignore').length
  const taken = name.length + entries.length - aside
  return { text: `${lines.join('\n')}\n`, customer: customer?.name, taken, aside }
}

/** Prefers a column with customer ids to one with such a name. */
function findCustomer(columns: readonly DraftColumn[]): DraftColumn | undefined {
  const withIds = columns
    .filter(({ profile }) => profile.of('id') > profile.tested / 2)
    .toSorted((left, right) => right.profile.of('id') - left.profile.of('id'))
  const found = withIds.find(({ name }) => isIdName(name)) ?? withIds[0]
  if (found !== undefined) return found
  // A filled column `id` without Rapyd ids holds those of another system.
  return columns.find(
    ({ name, profile }) =>
      fieldCalled(name) === 'customer' ||
      normalise(name) === 'customerid' ||
      (profile.tested === 0 && idRank(name) >= 0),
  )
}

function findNameParts(columns: readonly DraftColumn[]): readonly DraftColumn[] {
  const firsts = columns.filter(({ name }) => namePartCalled(name) === 'first')
  const lasts = columns.filter(({ name }) => namePartCalled(name) === 'last')
  const hasWhole = columns.some((column) => choose(column)?.field === 'name')
  return firsts.length === 1 && lasts.length === 1 && !hasWhole ? [...firsts, ...lasts] : []
}

function nameLines(parts: readonly DraftColumn[]): readonly string[] {
  if (parts.length === 0) return []
  return [
    'joined:',
    ...parts.map((part) => `  # ${yamlKey(part.name)}: ${describeContent(part)}`),
    '  # Named as the parts of a name often are. Blank parts are skipped; where all are blank, the name is.',
    `  name: [${parts.map(({ name }) => yamlKey(name)).join(', ')}]`,
  ]
}

function isIdName(name: string): boolean {
  return idRank(name) >= 0 || fieldCalled(name) === 'customer'
}

function customerLines(customer: DraftColumn | undefined): readonly string[] {
  if (customer === undefined) {
    return [
      '# No column holds Rapyd customer ids (cus_…): without one no row can be sent. Name it here once the export has it.',
      '# customer: Rapyd Customer ID',
    ]
  }
  const { profile } = customer
  const { tested } = profile
  const bad = tested - profile.of('id') + profile.of('guard')
  const note = bad === 0 ? '' : `; ${bad} of ${tested} that were looked at are none`
  return [
    `# ${describeContent(customer)} Customer ids of Rapyd${note}.`,
    `customer: ${yamlKey(customer.name)}`,
  ]
}

function entryFor(
  column: DraftColumn,
  used: Set<string>,
): { readonly entry: string; readonly comment: string } {
  const choice = choose(column)
  if (choice === undefined) return setAside(asideComment(column))
  const { field, why } = choice
  if (used.has(field)) return setAside(`Looks like ${field} too, which another column above is.`)
  const transform = chooseTransform(field, column.profile)
  if (transform !== undefined && transform.text === undefined) return setAside(`${why}, but ${transform.why}`)
  used.add(field)
  const mostlyBlank = column.blank > column.filled
  const parts = [
    `field: ${JSON.stringify(field)}`,
    ...(transform === undefined ? [] : [`transform: ${transform.text}`]),
    ...(mostlyBlank ? ['blank: keep'] : []),
  ]
  const keeps = mostlyBlank ? ' Mostly blank: blanks are left alone here, or they would clear the field.' : ''
  const entry = parts.length === 1 ? plainField(field) : `{ ${parts.join(', ')} }`
  return { entry, comment: `${why}${transform === undefined ? '.' : `; ${transform.why}`}${keeps}` }
}

function setAside(comment: string) {
  return { entry: 'ignore', comment }
}

function choose({ name, profile }: DraftColumn): Choice | undefined {
  const own = targetOf(name)
  if (own !== undefined) return { field: own.path, why: 'Named like the field' }
  const common = fieldCalled(name)
  if (common !== undefined && common !== 'customer')
    return { field: common, why: `Named as ${common} often is` }
  if (profile.tested >= 5 && profile.of('email') > profile.tested * 0.9)
    return { field: 'email', why: 'Holds e-mail addresses' }
  return undefined
}

function asideComment({ name }: DraftColumn): string {
  const part = addressPartCalled(name)
  if (part !== undefined) {
    return `Set aside: it could be addresses[0].${part}, but Rapyd appends an address at every update.`
  }
  const field = `metadata.${normalise(name).replace(/[^\p{L}\p{N}]+/gu, '') || 'key'}`
  return `Set aside: no field of Update Customer. To keep it: ${targetOf(field) === undefined ? 'metadata.key' : field}.`
}

function describeContent({ filled, blank, distinct }: DraftColumn): string {
  const different = filled === 0 ? '' : `, ${distinct.more ? 'more than ' : ''}${distinct.count} different`
  return `${filled} filled, ${blank} blank${different}.`
}

/** Quotes a name, unless YAML can only read it as itself. */
function yamlKey(name: string): string {
  const isPlain =
    /^[A-Za-z][A-Za-z0-9_]*(?: [A-Za-z0-9_]+)*$/.test(name) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(name)
  // JSON does not escape some characters that YAML refuses or a terminal obeys.
  return isPlain
    ? name
    : JSON.stringify(name).replace(
        /[\u007f-\u009f\u2028\u2029\ufeff]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
        unicodeEscape,
      )
}

function plainField(field: string): string {
  return /^[a-z_]+(?:\.[A-Za-z0-9_]+)*$/.test(field) ? field : JSON.stringify(field)
}
