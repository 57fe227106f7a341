/** `--duplicates` on real files, against a model that keeps everything in Maps. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { array, asyncProperty, assert, constantFrom, nat, record } from '../../support/properties.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scanInput } from '../../../src/validation/scan.ts'
import type { PatchedRow, UpdateRequest, Outcome } from '../../../src/model/row.ts'
import { openInput } from '../../../src/input/bytes.ts'
import { readHead } from '../../../src/input/header.ts'
import { resolveOptions } from '../../../src/config/job-options.ts'
import type { DuplicatePolicy, UpdateOptions } from '../../../src/config/options.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { createPrepare } from '../../../src/validation/row-reader.ts'
import { freshFolder, type Folder } from '../../acceptance/support/command.ts'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const paths = ['name', 'email', 'metadata.a', 'metadata.b', 'addresses[0].city'] as const

interface Told {
  readonly customer: string
  /** Cells in the order of `paths`: blank leaves alone, `NULL` is refused. */
  readonly cells: readonly string[]
}

const someTold = record({
  customer: nat(4).map(id),
  cells: record({
    name: constantFrom('', '', 'Jo', '"Al, ""x""\nñ 東"', 'NULL'),
    email: constantFrom('', '', 'a@example.com', 'b@example.com'),
    a: constantFrom('', '', '1', '2'),
    b: constantFrom('', '1'),
    city: constantFrom('', '', 'Oslo', 'Rome'),
  }).map(Object.values<string>),
})
const someFile = array(someTold, { maxLength: 25 })

/** One line a row: what is sent, or why nothing is. */
type Account = readonly unknown[]

async function accountOf(told: readonly Told[], duplicates: DuplicatePolicy): Promise<Account> {
  const lines = told.map(({ customer, cells }) => [customer, ...cells].join(','))
  const input = join(folder.path, 'crm.csv')
  writeFileSync(input, `customer,${paths.join(',')}\n${lines.join('\n')}\n`)
  const given = { input, duplicates, blank: 'keep', maxErrors: '100%' } as const
  const { found, prepared, sent } = await prepareAll(given)
  // What is compared with earlier runs is what is sent.
  expect(sent).toEqual(prepared.flatMap((row) => ('outcome' in row ? [] : [row.row])))
  const account = prepared.map((row) =>
    'outcome' in row ? [row.outcome, row.message] : ['call', row.customerId, JSON.parse(row.body)],
  )
  const countOf = (kind: string) => account.filter(([what]) => what === kind).length
  expect(prepared.map(({ row }) => row)).toEqual(told.map((_, index) => index + 1))
  expect(found).toMatchObject({
    rows: told.length,
    calls: countOf('call'),
    unchanged: countOf('unchanged'),
    invalid: countOf('invalid'),
    customers: new Set(told.map(({ customer }) => customer)).size,
    duplicateRows: told.length - new Set(told.map(({ customer }) => customer)).size,
  })
  return account
}

async function prepareAll(given: UpdateOptions) {
  const options = resolveOptions(given)
  const file = await openInput(options.input)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const { signal } = new AbortController()
    const sent: number[] = []
    const onCalls = async (rows: readonly PatchedRow[]) => void sent.push(...rows.map(({ row }) => row))
    const parts = { file, head, options, mapping: defaultMapping, signal, onCalls }
    const { scan: found, openRows, readRow } = await scanInput(parts)
    const prepare = createPrepare(readRow, { host: 'test', runId: 'test' })
    const prepared: (UpdateRequest | Outcome)[] = []
    for await (const rows of openRows()) prepared.push(...rows.map(prepare))
    return { found, prepared, sent }
  } finally {
    await file.close()
  }
}

const isInvalid = ({ cells }: Told) => cells.includes('NULL')
const isEmpty = ({ cells }: Told) => cells.every((cell) => cell === '')
const refused = ['invalid', 'looks like an empty value but is not blank']

/** Values by path. */
function cellsOf({ cells }: Told): Map<string, string> {
  const values = cells.map((cell) => (cell.startsWith('"') ? 'Al, "x"\nñ 東' : cell))
  return new Map(paths.map((path, index) => [path, values[index] ?? ''] as const).filter(([, cell]) => cell))
}

/** Later cells win. */
function joined(rows: readonly Told[]): ReadonlyMap<string, string> {
  const cells = new Map<string, string>()
  for (const row of rows) for (const [path, cell] of cellsOf(row)) cells.set(path, cell)
  return cells
}

function bodyOf(cells: ReadonlyMap<string, string>): unknown {
  const [a, b, city] = ['metadata.a', 'metadata.b', 'addresses[0].city'].map((path) => cells.get(path))
  const metadata = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) }
  return {
    ...Object.fromEntries([...cells].filter(([path]) => path === 'name' || path === 'email')),
    ...(a === undefined && b === undefined ? {} : { metadata }),
    ...(city === undefined ? {} : { addresses: [{ city }] }),
  }
}

/** `whatOf` says what the last row sends, and what becomes of those before it. */
function model(
  told: readonly Told[],
  whatOf: (rows: readonly Told[], last: number) => { readonly sent: unknown; readonly left: string },
): Account {
  const rowsOf = new Map<string, number[]>()
  for (const [index, row] of told.entries())
    if (!isInvalid(row) && !isEmpty(row))
      rowsOf.set(row.customer, [...(rowsOf.get(row.customer) ?? []), index])
  return told.map((row, index) => {
    if (isInvalid(row)) return refused
    if (isEmpty(row)) return ['unchanged', '']
    const rows = rowsOf.get(row.customer) ?? []
    const last = rows.at(-1) ?? 0
    const { sent, left } = whatOf(
      rows.flatMap((at) => told[at] ?? []),
      last + 1,
    )
    return index === last ? ['call', row.customer, sent] : ['unchanged', left]
  })
}

describe('--duplicates', () => {
  it('last sends the last good row of each customer, and leaves the others unchanged', async () => {
    await assert(
      asyncProperty(someFile, async (told) => {
        const expected = model(told, (rows, last) => ({
          sent: bodyOf(joined(rows.slice(-1))),
          left: `row ${last} of this customer counts (--duplicates last)`,
        }))
        expect(await accountOf(told, 'last')).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('merge sends what the good rows of each customer make together, at the place of the last', async () => {
    await assert(
      asyncProperty(someFile, async (told) => {
        const expected = model(told, (rows, last) => ({
          sent: bodyOf(joined(rows)),
          left: `merged into row ${last} (--duplicates merge)`,
        }))
        expect(await accountOf(told, 'merge')).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('sequence sends every good row', async () => {
    await assert(
      asyncProperty(someFile, async (told) => {
        const expected = told.map((row) => {
          if (isInvalid(row)) return refused
          return isEmpty(row) ? ['unchanged', ''] : ['call', row.customer, bodyOf(cellsOf(row))]
        })
        expect(await accountOf(told, 'sequence')).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  it('merge joins NDJSON rows by field, and a row that is invalid takes no part', async () => {
    const rows = [
      { customer: id(1), name: 'A', metadata: { a: 1 } },
      { customer: id(1), email: 'nobody' },
      { customer: 'cus_B', name: 'B' },
      { customer: id(1), metadata: { b: 2 } },
      { customer: id(1) },
    ]
    const input = join(folder.path, 'crm.ndjson')
    writeFileSync(input, rows.map((row) => JSON.stringify(row)).join('\n'))
    const { found, prepared } = await prepareAll({ input, duplicates: 'merge' })
    expect(prepared.map((row) => ('outcome' in row ? row.outcome : row.body))).toEqual([
      'unchanged',
      'invalid',
      '{"name":"B"}',
      '{"name":"A","metadata":{"a":1,"b":2}}',
      'unchanged',
    ])
    expect(found).toMatchObject({ customers: 2, repeatedCustomers: 1, duplicateRows: 3, calls: 2 })
  })

  it('last makes the guards judge what is sent: clears of the rows that count', async () => {
    const rows = [1, 2, 3].flatMap((customer) => [
      `${id(customer)},a@example.com`,
      `${id(customer)},b@example.com`,
    ])
    const input = join(folder.path, 'crm.csv')
    const clears = [1, 2, 3].map((customer) => `${id(customer)},`)
    writeFileSync(input, `customer,email\n${[...rows, ...clears].join('\n')}\n`)
    const file = await openInput(input)
    const head = await readHead(file, { format: undefined, delimiter: undefined })
    const check = (options: Partial<UpdateOptions>) =>
      scanInput({
        file,
        head,
        options: resolveOptions({ input, ...options }),
        mapping: defaultMapping,
        signal: new AbortController().signal,
      })
    expect((await check({})).refusal).toBeUndefined()
    const last = await check({ duplicates: 'last' })
    expect(last.refusal).toMatchObject({ code: 'E_MAX_CLEARS', message: expect.stringContaining('3 of 3') })
    await file.close()
  })
})
