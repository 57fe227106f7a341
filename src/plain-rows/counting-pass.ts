/** The first pass of who only counts: over a file of which most rows are counted as bytes, and the others are read. */
import type { CountingPass } from '../guard/check-input.ts'
import type { OpenedExamination } from '../validate/examination.ts'
import type { Head } from '../input/header.ts'
import { rowsToRead } from '../input/rows-to-read.ts'
import type { Bytes } from '../input/utf8.ts'
import type { CustomerCount } from '../pipeline/scan.ts'

/** Without `plainRows` every row is read. A batch is done with when `afterBatch` is called. */
export function countingPass(
  file: Bytes,
  head: Head,
  customers: CustomerCount,
  { plainRows, doubted }: Pick<OpenedExamination, 'plainRows' | 'doubted'>,
  afterBatch: () => Promise<void>,
): CountingPass {
  if (plainRows === undefined || head.format !== 'csv') return { customers }
  return {
    customers,
    source: inSteps(rowsToRead(file, head, plainRows.takes), afterBatch),
    countedRows() {
      const counted = plainRows.counted()
      for (const { code, field, message, rows } of [...counted.doubts, ...plainRows.doubts()])
        doubted(code, field, message, rows)
      return counted
    },
  }
}

/** A batch is done with when the next one is asked for. */
export async function* inSteps<Batch>(
  source: AsyncIterable<Batch>,
  afterBatch: () => Promise<void>,
): AsyncGenerator<Batch> {
  for await (const rows of source) {
    yield rows
    await afterBatch()
  }
}
