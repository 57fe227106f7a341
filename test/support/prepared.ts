/** What the real reader and the real mapping make of a file: every row as a request or an outcome. */
import type { UpdateRequest, Outcome } from '../../src/model/row.ts'
import { openInput } from '../../src/input/bytes.ts'
import { readHead } from '../../src/input/header.ts'
import { rowsOf } from '../../src/input/rows.ts'
import { loadMapping } from '../../src/mapping/mapping-file.ts'
import { resolveOptions } from '../../src/config/job-options.ts'
import type { UpdateOptions } from '../../src/config/options.ts'
import { createPrepare, createReadRow } from '../../src/validation/row-reader.ts'

export async function preparedRows(given: UpdateOptions): Promise<(UpdateRequest | Outcome)[]> {
  const options = resolveOptions(given)
  const file = await openInput(options.input)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const run = { host: 'test', runId: 'test' }
    const mapping = await loadMapping(options.map)
    const readRow = createReadRow({ head, options, mapping })
    const prepare = createPrepare(readRow, run)
    const prepared: (UpdateRequest | Outcome)[] = []
    for await (const rows of rowsOf(file, head)) prepared.push(...rows.map(prepare))
    return prepared
  } finally {
    await file.close()
  }
}

/** A call as `[customer, parsed body]`, another row as `[kind, code]`. */
export function briefOf(prepared: UpdateRequest | Outcome): readonly [string, unknown] {
  return 'outcome' in prepared
    ? [prepared.outcome, prepared.errorCode]
    : [prepared.customerId, JSON.parse(prepared.body)]
}
