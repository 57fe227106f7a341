/** Rows that wait for the end of a broken cell: bounded in memory, and with work that grows with the file. */
import { expect, it } from 'vitest'
import { parseCsv } from '../../../src/input/csv.ts'
import { refuseBrokenCells } from '../../../src/input/row-shape.ts'

const broken = '1,"x"y\n'

async function* blocksOf(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** The codes of the rows, `good` for those that may be sent, each with its number. */
async function counted(text: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const records = parseCsv(blocksOf(text), { delimiter: ',', newline: '\n' }, { row: 1, line: 1, offset: 0 })
  for await (const rows of refuseBrokenCells(records))
    for (const row of rows) {
      const code = row.kind === 'csv' ? 'good' : row.problem.code
      counts.set(code, (counts.get(code) ?? 0) + 1)
    }
  return counts
}

it('rows between 50,000 stray quotes are refused, and those after the last ones are not', async () => {
  const counts = await counted(`${`${broken}2,a\n`.repeat(50_000)}3,b\n`)
  expect([...counts]).toEqual([
    ['E_QUOTE', 50_000],
    ['E_NEAR_BROKEN_QUOTE', 49_999],
    ['good', 2],
  ])
})

it('rows of more than 16 MiB do not wait: they are refused without a second stray quote', async () => {
  const long = `2,${'a'.repeat(1_000_000)}\n`
  expect([...(await counted(broken + long.repeat(16)))]).toEqual([
    ['E_QUOTE', 1],
    ['good', 16],
  ])
  const counts = await counted(broken + long.repeat(20))
  expect([counts.get('E_NEAR_BROKEN_QUOTE'), counts.get('good')]).toEqual([17, 3])
})

it('rows keep their order, and none is lost', async () => {
  const text = `0,a\n${broken}1,a\n${'2,b\n'.repeat(1_200)}${broken}3,c\n4,d\n`
  const records = parseCsv(blocksOf(text), { delimiter: ',', newline: '\n' }, { row: 1, line: 1, offset: 0 })
  const numbers: number[] = []
  for await (const rows of refuseBrokenCells(records)) numbers.push(...rows.map(({ row }) => row))
  expect(numbers).toEqual(Array.from({ length: 1_206 }, (_, at) => at + 1))
})
