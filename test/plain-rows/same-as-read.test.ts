/** Rows that are counted as bytes: whatever the file, everything is as if each of them had been read. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkInput } from '../../src/guard/check-input.ts'
import { countingPass } from '../../src/plain-rows/counting-pass.ts'
import { openExamination } from '../../src/validate/examination.ts'
import { openInput } from '../../src/input/bytes.ts'
import { readHead } from '../../src/input/header.ts'
import { loadMapping } from '../../src/mapping/mapping-file.ts'
import type { UpdateOptions } from '../../src/options.ts'
import type { Examiner } from '../../src/pipeline/ports.ts'
import { createCountedCustomers } from '../../src/store/counted-customers.ts'
import { freshFolder } from '../support/command.ts'
import type { Folder } from '../support/command.ts'
import { common, id, inBlocks, someFile, someMapping, someOptions, withNoise } from '../support/odd-files.ts'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

interface Look {
  readonly counts: unknown
  readonly invalid: readonly unknown[]
  readonly defects: readonly unknown[]
  /** Rows that were counted as bytes. */
  readonly plain: number
}

/** What `validate` makes of a file. */
async function lookAt(
  input: string,
  given: Partial<UpdateOptions>,
  { asBytes, blockSize, streams }: { asBytes: boolean; blockSize: number; streams: boolean },
): Promise<Look | string> {
  const options = { input, ...given }
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openInput(input)
  const customers = createCountedCustomers(tmpdir())
  const [invalid, defects]: [unknown[], unknown[]] = [[], []]
  try {
    const head = await readHead(file, { format: undefined, delimiter: undefined })
    const examination = openExamination({
      head,
      options,
      mapping,
      customers,
      onDefect: streams ? (defect) => defects.push(defect) : undefined,
      onRefused: (row, problems) => defects.push({ row, problems }),
    })
    const plainRows = asBytes ? examination.plainRows : undefined
    const counting = countingPass(inBlocks(file, blockSize), head, customers, plainRows)
    let begun = 0
    const examiner: Examiner = {
      ...examination,
      begin(row) {
        begun++
        examination.begin(row)
      },
    }
    const checked = await checkInput({
      file,
      head,
      options,
      mapping,
      counting,
      examiner,
      signal: new AbortController().signal,
      onInvalid: (outcome, columnOf) => invalid.push([outcome, columnOf()]),
    })
    const { found, refusal } = checked
    const fields = { set: [...found.set], cleared: [...found.cleared], refusal: String(refusal) }
    const counts = { ...found, ...fields, ...examination.finish() }
    return { counts, invalid, defects, plain: found.rows - begun }
  } catch (error) {
    return String(error)
  } finally {
    customers.close()
    await file.close()
  }
}

/** Gives how many of its rows were counted as bytes; -1 where the file cannot be read at all. */
async function expectSame(
  text: string | Buffer,
  options: Partial<UpdateOptions> = {},
  blockSize = 1 << 20,
  streams = false,
): Promise<number> {
  const input = join(folder.path, 'crm.csv')
  writeFileSync(input, text)
  const asBytes = await lookAt(input, options, { asBytes: true, blockSize, streams })
  const asTexts = await lookAt(input, options, { asBytes: false, blockSize, streams })
  if (typeof asBytes === 'string') {
    expect(asBytes).toEqual(asTexts)
    return -1
  }
  expect({ ...asBytes, plain: 0 }).toEqual(asTexts)
  return asBytes.plain
}

const row = (number: number, note: string) => `${id(number)},Ann ${number},"${note}"`

const settings = { blockSize: fc.integer({ min: 300, max: 30_000 }), streams: fc.boolean() }

describe('rows that are counted as bytes', () => {
  it('give what they give when they are read, whatever stands in their cells', async () => {
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.record({ text: someFile, options: someOptions, ...settings }), async (given) => {
        const { text, options, blockSize, streams } = given
        plain += await expectSame(text, { ...common, ...options }, blockSize, streams)
      }),
      { numRuns: 80, endOnFailure: true },
    )
    expect(plain).toBeGreaterThan(500)
  })

  it('do so in files with characters where they do not belong', async () => {
    await fc.assert(
      fc.asyncProperty(withNoise(someFile), settings.blockSize, async (text, blockSize) => {
        await expectSame(text, common, blockSize)
      }),
      { numRuns: 80, endOnFailure: true },
    )
  })

  it('do so under a mapping', async () => {
    const map = join(folder.path, 'mapping.yaml')
    writeFileSync(map, someMapping)
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.record({ text: someFile, options: someOptions, ...settings }), async (given) => {
        const { text, options, blockSize, streams } = given
        plain += await expectSame(text, { maxErrors: '100%', map, ...options }, blockSize, streams)
      }),
      { numRuns: 40, endOnFailure: true },
    )
    expect(plain).toBeGreaterThan(200)
  })

  it.each([
    'columns: { description: [description, metadata.note] }',
    'columns: {}\njoined: { name: { columns: [metadata.first, metadata.last], separator: " " } }',
    'columns: {}\nconstants: { email: a@example.com }',
    'columns: {}\nconstants: { invoice_prefix: "" }',
  ])('are none under %j, where cells do not stand for themselves', async (text) => {
    const map = join(folder.path, 'mapping.yaml')
    writeFileSync(map, text)
    const rows = Array.from({ length: 20 }, (_, number) => `${id(number)},Ann,Lee,A text`)
    const file = ['customer,metadata.first,metadata.last,description', ...rows, ''].join('\n')
    expect(await expectSame(file, { map })).toBe(0)
  })

  it('are no rows that an errors file keeps as one text', async () => {
    const names = [
      ...Array.from({ length: 20 }, (_, number) => `Ann ${number}`),
      'rapyd_bulk_raw: x',
      'rapyd',
    ]
    const file = ['name,customer', ...names.map((name, number) => `${name},${id(number)}`), ''].join('\n')
    expect(await expectSame(file, common)).toBeGreaterThan(15)
  })

  it('do so behind a record that is too long to be read as bytes, and in a quote that is never closed', async () => {
    const rows = (from: number) => Array.from({ length: 2_000 }, (_, index) => row(from + index, 'a, b'))
    const file = (long: string) =>
      ['customer,name,metadata.note', ...rows(1), long, ...rows(5_000), ''].join('\n')
    const long = 'x'.repeat(1_200_000)
    expect(await expectSame(file(row(4_000, long)), common, 100_000)).toBeGreaterThan(1_900)
    expect(await expectSame(file(`${id(4_000)},${long.repeat(4)},`), common, 100_000)).toBeGreaterThan(1_900)
    await expectSame(file(`${row(4_000, long)}"`.slice(0, -2)), common, 100_000)
    await expectSame(`${file('')}${id(4_000)},Ann,"never\nclosed`, common, 100_000)
    await expectSame(`${file('')}${id(4_000)},Ann,"${long.repeat(4)}`, common, 100_000)
  })
})
