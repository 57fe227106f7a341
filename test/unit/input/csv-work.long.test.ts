/** How much csv-parse is asked to do: its work grows with the file, whatever quotes stand in it. */
import type * as Sync from 'csv-parse/sync'
import { describe, expect, it, vi } from 'vitest'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import { parseCsv } from '../../../src/input/csv.ts'

const work = vi.hoisted(() => ({ calls: 0, openBytes: 0 }))

vi.mock('csv-parse/sync', async (original) => {
  const real = await original<typeof Sync>()
  function parse(bytes: Buffer, options: Sync.Options): string[][] {
    work.calls++
    try {
      return real.parse(bytes, options)
    } catch (error) {
      if (error instanceof real.CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED')
        work.openBytes += bytes.length
      throw error
    }
  }
  return { ...real, parse }
})

const blockSize = 64 * 1024

interface Work {
  readonly rows: number
  readonly malformed: number
  readonly calls: number
  /** Bytes of the calls that ended in an open quote: they are read again. */
  readonly openBytes: number
  readonly code: string
}

async function* blocksOf(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += blockSize) yield bytes.subarray(at, at + blockSize)
}

async function workOf(text: string): Promise<Work> {
  Object.assign(work, { calls: 0, openBytes: 0 })
  let [rows, malformed, code] = [0, 0, '']
  const start = { row: 1, line: 1, offset: 0 }
  try {
    for await (const batch of parseCsv(blocksOf(text), { delimiter: ',', newline: '\n' }, start)) {
      rows += batch.length
      malformed += batch.filter(({ kind }) => kind === 'malformed').length
    }
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    code = error.code
  }
  return { rows, malformed, code, ...work }
}

describe('the work of reading CSV', () => {
  it('is one call a stray quote and one a block', async () => {
    const rows = 100_000
    const text = '1,"x"y,z\n'.repeat(rows)
    const { calls, ...found } = await workOf(text)
    expect(found).toMatchObject({ rows, malformed: rows, openBytes: 0 })
    expect(calls).toBeLessThanOrEqual(rows + text.length / blockSize + 1)
  })

  it('is so where each quote runs into the next line', async () => {
    const rows = 20_000
    const text = '1,"x\n'.repeat(2 * rows)
    const { calls, ...found } = await workOf(text)
    expect(found).toMatchObject({ rows, malformed: rows })
    expect(calls).toBeLessThanOrEqual(rows + (2 * text.length) / blockSize + 2)
  })

  it('reads a long quoted cell a few times, and not once a block', async () => {
    const text = `"${'a\n'.repeat(1_900_000)}",b,c\n`
    const { openBytes, ...found } = await workOf(text.repeat(2))
    expect(found).toMatchObject({ rows: 2, malformed: 0, code: '' })
    expect(openBytes).toBeLessThan(4 * text.length)
  })

  it('ends where a quote has been open for 4 MiB', async () => {
    const { openBytes, ...found } = await workOf(`1,2,3\n"${'a\n'.repeat(6_000_000)}`)
    expect(found).toMatchObject({ rows: 1, code: 'E_UNCLOSED_QUOTE' })
    expect(openBytes).toBeLessThan(16 * 1024 * 1024)
  })
})
