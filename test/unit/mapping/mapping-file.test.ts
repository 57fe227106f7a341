import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadMapping, parseMapping } from '../../../src/mapping/mapping-file.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'

/** The error of a mapping that is refused. */
async function refusal(mapping: Promise<unknown>): Promise<BulkUpdateError> {
  try {
    await mapping
  } catch (error) {
    if (error instanceof BulkUpdateError) return error
    throw error
  }
  throw new Error('the mapping was accepted')
}

const lines = (...text: readonly string[]): string => text.join('\n')

describe('a mapping file', () => {
  it.each([
    // YAML itself
    ['customer: [', 'm:1:12: ', ''],
    [lines('columns:', '  A: name', '  A: email'), 'm:3:3: this key stands here a second time', ''],
    ['{"customer": "A", "customer": "B"}', 'm:1:19: this key stands here a second time', ''],
    [lines('customer: A', '---', 'customer: B'), 'm:2:1: ', ''],
    ['customer: !secret x', 'm:1:11: Unresolved tag', ''],
    ['columns: !!set { A }', 'm:1:10: Unresolved tag', ''],
    ['constants: { metadata.a: !!binary aGk= }', 'm:1:26: Unresolved tag', ''],
    ['columns: { A: *gone }', 'm:1:15: nothing before this', 'anchor'],
    ['constants: { metadata.x: &a [*a] }', 'm:1:29: too many values or levels', 'aliases'],
    [
      lines('constants:', '  metadata.a: &a x', '  metadata.b: &a y'),
      'm:3:18: two anchors have one name',
      'Rename',
    ],
    ['columns: { __proto__: name }', 'm:1:12: this key cannot be used', ''],
    ['columns: { [A]: name }', 'm:1:12: ', ''],
    ['', 'm:1:1: the mapping is empty', 'columns:'],
    // Numbers that may be text
    [
      lines('constants:', '  invoice_prefix: 0123'),
      'm:2:19: this is read as a number, and not as it stands here',
      'quotes',
    ],
    [lines('constants:', '  metadata.zip: 01234'), 'm:2:17: this is read as a number', 'quotes'],
    [lines('constants:', '  metadata.a: 9007199254740993'), 'm:2:15: this is read as a number', 'quotes'],
    [lines('constants:', '  metadata.a: 1.50'), 'm:2:15: this is read as a number', 'quotes'],
    [
      lines('constants:', '  invoice_prefix: 123'),
      'm:2:19: the value for invoice_prefix is not text',
      'quotes',
    ],
    [
      lines('columns:', '  A: { field: name, transform: { replace: { x: 1 } } }'),
      'm:2:48: text is expected here, not a number',
      'quotes',
    ],
    [
      lines('columns:', '  A: { field: name, transform: { replace: { x: true } } }'),
      'm:2:48: text is expected here, not a boolean',
      'quotes',
    ],
    [lines('columns:', '  A: 5'), 'm:2:6: text is expected here, not a number', 'quotes'],
    ['customer: 5', 'm:1:11: text is expected here, not a number', 'quotes'],
    // Shape and spelling
    ['- a', 'm:1:1: a list cannot stand here', 'README'],
    ['colums: {}', 'm:1:1: unknown key "colums"', 'Did you mean "columns"?'],
    [lines('columns:', '  - name'), 'm:2:3: a list cannot stand here', 'README'],
    [lines('columns:', '  A:'), 'm:2:3: a value is missing', ''],
    [lines('columns:', '  A: ""'), 'm:2:6: nothing stands here', ''],
    [lines('columns:', '  A: []'), 'm:2:6: nothing stands here', ''],
    [lines('columns:', '  A: emial'), 'm:2:6: "emial" is no field', 'Did you mean "email"?'],
    [lines('columns:', '  A: ignor'), 'm:2:6: "ignor" is no field', 'Did you mean "ignore"?'],
    [lines('columns:', '  A: [name, ignore]'), 'm:2:13: "ignore" is no field', ''],
    [lines('columns:', '  A: adresses[0].lin_1'), 'm:2:6: ', 'Did you mean "addresses[0].line_1"?'],
    [lines('columns:', '  A: metadta.tier'), 'm:2:6: ', 'Did you mean "metadata.tier"?'],
    [lines('columns:', '  A: metadata.__proto__'), 'm:2:6: ', ''],
    [lines('columns:', '  A: { feld: name }'), 'm:2:8: unknown key "feld"', 'Did you mean "field"?'],
    [lines('columns:', '  A: { transform: trim }'), 'm:2:6: field: is missing', 'Add field:'],
    [lines('columns:', '  transform: { feld: name }'), 'm:2:16: unknown key "feld"', 'Did you mean "field"?'],
    [lines('columns:', '  blank: { feld: name }'), 'm:2:12: unknown key "feld"', 'Did you mean "field"?'],
    [lines('columns:', '  A: [name, { feild: email }]'), 'm:2:15: unknown key "feild"', '"field"'],
    [lines('constants:', '  invoice_prefx: A'), 'm:2:3: "invoice_prefx" is no field', '"invoice_prefix"'],
    [lines('columns:', '  A: { field: nme }'), 'm:2:15: "nme" is no field', 'Did you mean "name"?'],
    // Transforms
    [
      lines('columns:', '  A:', '    field: name', '    transform: [trim, lowrcase]'),
      'm:4:23: unknown transform "lowrcase"',
      'Did you mean "lowercase"?',
    ],
    [
      lines('columns:', '  A: { field: name, transform: { fone: US } }'),
      'm:2:34: unknown transform "fone"',
      '"phone"',
    ],
    [
      lines('columns:', '  A: { field: name, transform: phone }'),
      'm:2:32: phone needs a setting',
      '{ phone: US }',
    ],
    [
      lines('columns:', '  A: { field: name, transform: [{ trim: true }] }'),
      'm:2:35: trim takes no setting',
      'Write trim alone',
    ],
    [
      lines('columns:', '  A: { field: name, transform: { phone: US, date: D.M.YYYY } }'),
      'm:2:32: exactly one transform',
      'list',
    ],
    [lines('columns:', '  A: { field: name, transform: {} }'), 'm:2:32: exactly one transform', 'list'],
    [
      lines('columns:', '  A: { field: phone_number, transform: { phone: USA } }'),
      'm:2:40: "USA" is no country with phone numbers',
      'Did you mean "US"?',
    ],
    [
      lines('columns:', '  A: { field: date_of_birth, transform: { date: DD/MM/YY } }'),
      'm:2:41: "DD/MM/YY" is no date format',
      'YYYY-MM-DD',
    ],
    [
      lines('columns:', '  A: { field: name, transform: { replace: { "-": "" } } }'),
      'm:2:50: nothing stands here',
      '',
    ],
    [
      lines('columns:', '  A: { field: name, transform: number }'),
      'm:2:32: number does not fit name',
      'Remove',
    ],
    [
      lines('columns:', '  A: { field: "addresses[0].zip", transform: [trim, json] }'),
      'm:2:53: json does not fit addresses[0].zip',
      'Remove',
    ],
    [
      lines('columns:', '  A: { field: metadata, transform: boolean }'),
      'm:2:36: boolean does not fit metadata',
      'Remove',
    ],
    [
      lines('columns:', '  A: { field: metadata.a, transform: [number, trim] }'),
      'm:2:47: no transform can follow number',
      'Put number last',
    ],
    // Blanks and given values
    [lines('columns:', '  A: { field: name, blank: kep }'), 'm:2:28: "kep" is no rule for blanks', '"keep"'],
    [
      lines('columns:', '  A: { field: name, blank: { clear: x } }'),
      'm:2:30: unknown key "clear"',
      'clear_with',
    ],
    [
      lines('columns:', '  A: { field: email, blank: { clear_with: nobody } }'),
      'm:2:43: the value for email is not a valid e-mail address',
      'Correct',
    ],
    [lines('columns:', '  A: { field: name, blank: { clear_with: } }'), 'm:2:30: a value is missing', '""'],
    [
      lines('constants:', '  addresses: [{ country: Germany }]'),
      'm:2:14: the value for addresses[0].country is not an ISO 3166-1',
      'Correct',
    ],
    // Two sources of one field
    [
      lines('columns:', '  A: email', '  B: { field: E-Mail }'),
      'm:3:6: column "A" and column "B" both set email',
      'ignore',
    ],
    [
      lines('columns:', '  A: metadata.tier', 'constants:', '  metadata: {}'),
      'm:4:3: column "A" and constant "metadata" both set metadata.tier and metadata, which overlap',
      'ignore',
    ],
    [lines('columns:', '  A: [name, name]'), 'm:2:13: column "A" and column "A" both set name', 'ignore'],
    [lines('customer: A', 'columns:', '  A: name'), 'm:3:3: "A" is the customer id', 'Remove'],
  ])('%j is refused at its place', async (text, message, remedy) => {
    const error = await refusal(parseMapping(text, 'm'))
    expect(error).toMatchObject({ kind: 'USAGE', code: 'E_MAPPING' })
    expect(error.message.slice(0, message.length)).toBe(message)
    expect(error.remedy).toContain(remedy)
  })

  it.each([
    'customer,name\n"secret",secret',
    'customer: !secret x',
    'customer: !<secret> x',
    'customer: !se!secret x',
    '%secret x\n---\na: b',
    '%YAML secret\n---\na: b',
    '%TAG secret\n---\na: b',
    'customer: "\\secret"',
    'customer: "\\U00secret"',
    'customer: |secret\n  x',
    'customer: x\nsecret',
    '"a" secret',
    '{ "a": secret } secret',
    'a: b: secret',
    '- *secret',
    '`secret`',
    '@secret',
    'customer: secret: [x',
    '<<: secret',
  ])('%j, which may be no mapping at all, is not quoted', async (text) => {
    const { message, remedy } = await refusal(parseMapping(text, 'm'))
    expect(message).toMatch(/^m:\d+:\d+: %?\w+ \w+/)
    expect(message + remedy).not.toContain('secret')
  })

  it('may use anchors, JSON, $schema and keys that look like numbers', async () => {
    const mapping = await parseMapping(
      lines(
        '$schema: x',
        'columns:',
        '  007: { field: email, transform: &t [trim] }',
        '  B: { field: name, transform: *t }',
      ),
      'm',
    )
    expect([...mapping.columns.keys()]).toEqual(['007', 'B'])
    expect((await parseMapping('{\n\t"columns": {"A": "name"}\n}', 'm')).columns.has('A')).toBe(true)
  })

  it('says the same in YAML and JSON, in any order, and another thing when anything changes', async () => {
    const yaml = await parseMapping(
      'columns: { A: name, B: { field: email, blank: keep } }\nconstants: { coupon: x }',
      'm',
    )
    const json = await parseMapping(
      '{"$schema":"s","constants":{"coupon":"x"},"columns":{"B":{"blank":"keep","field":"email"},"A":"name"}}',
      'm',
    )
    const other = await parseMapping(
      'columns: { A: name, B: { field: email, blank: clear } }\nconstants: { coupon: x }',
      'm',
    )
    expect(json.canonical).toBe(yaml.canonical)
    expect(other.canonical).not.toBe(yaml.canonical)
  })

  it('survives aliases and levels that multiply', async () => {
    const levels = Array.from({ length: 9 }, (_, index) => {
      const inner = Array.from({ length: 10 }, () => (index === 0 ? 'x' : `*a${index - 1}`)).join(',')
      return `  metadata.k${index}: &a${index} [${inner}]`
    })
    const bomb = await refusal(parseMapping(lines('constants:', ...levels), 'm'))
    expect(bomb.message).toContain('too many values or levels')
    const deep = await refusal(parseMapping(`constants: ${'['.repeat(100_000)}`, 'm'))
    expect(deep.code).toBe('E_MAPPING')
  })
})

describe('the file of a mapping', () => {
  let folder: string
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is read with and without a byte order mark', async () => {
    const mapping = await loadMapping(write('m.yaml', '\ufeffcustomer: A\n'))
    expect(mapping.customer).toMatchObject({ name: 'A' })
  })

  it('must exist, be a regular file, be small and be UTF-8', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe')])
    const refused = [
      [join(folder, 'none.yaml'), 'there is no such file'],
      [folder, 'this is not a regular file'],
      [join(folder, 'pipe'), 'this is not a regular file'],
      [write('large.yaml', `# ${'x'.repeat(256 * 1024)}`), 'too large'],
      [write('latin.yaml', Buffer.from('customer: Jos\xe9\n', 'latin1')), 'not UTF-8'],
    ] as const
    for (const [path, why] of refused) {
      const error = await refusal(loadMapping(path))
      expect(error).toMatchObject({ kind: 'USAGE', code: 'E_MAPPING', message: expect.stringContaining(why) })
    }
  })
})
