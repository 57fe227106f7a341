/** A file, and the `errors` file that comes of it, with the real readers, mapping and writers. */
import { isOutcome, type Outcome } from '../../src/model/row.ts'
import { resolveOptions } from '../../src/config/job-options.ts'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInput } from '../../src/input/bytes.ts'
import { readHead } from '../../src/input/header.ts'
import { rowsOf } from '../../src/input/rows.ts'
import { defaultMapping } from '../../src/mapping/mapping.ts'
import { createPrepare, createReadRow } from '../../src/validation/row-reader.ts'
import { errorLine, errorsHeader } from '../../src/report/errors.ts'
import { unsentOutcome } from '../../src/engine/all-outcomes.ts'
import { briefOf, preparedRows } from './prepared.ts'

export interface FileOfRows {
  /** What each row asks for. */
  briefs(): Promise<(readonly [string, unknown])[]>
  /** The text of `errors` if every row that is not invalid had not been attempted. */
  errors(): Promise<string>
}

/** The whole life of a file of that name and text; it is gone when `use` has ended. */
export async function withFile<Result>(
  name: string,
  text: string,
  use: (file: FileOfRows) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'errors-'))
  const path = join(folder, name)
  writeFileSync(path, text)
  try {
    return await use({
      briefs: async () => (await preparedRows({ input: path })).map(briefOf),
      errors: () => errorsOf(path),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const stopped = { code: 'E_STOPPED', message: 'the run stopped before this row' } as const

async function errorsOf(path: string): Promise<string> {
  const file = await openInput(path)
  try {
    const head = await readHead(file, { format: undefined, delimiter: undefined })
    const run = { host: 'test', runId: 'test' }
    const prepare = createPrepare(
      createReadRow({ head, options: resolveOptions({ input: path }), mapping: defaultMapping }),
      run,
    )
    let text = errorsHeader(head)
    for await (const rows of rowsOf(file, head)) {
      for (const row of rows) {
        const prepared = prepare(row)
        const outcome: Outcome = isOutcome(prepared) ? prepared : unsentOutcome(prepared, stopped)
        const raw = await file.read(row.offset, row.length)
        text += errorLine(raw.toString('utf8'), outcome, head)
      }
    }
    return text
  } finally {
    await file.close()
  }
}
