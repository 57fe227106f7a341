/** A file that a command writes because it was told to: never over another one unless that was told as well. */
import { existsSync, realpathSync } from 'node:fs'
import { openOutputFile } from './report/output-file.ts'
import type { OutputFile } from './report/output-file.ts'
import { usage } from './options.ts'

/**
 * Opens `path` for writing. `force` allows a file that is there; `input`, which is read meanwhile, it never is.
 *
 * @throws BulkUpdateError USAGE, E_FILE_EXISTS; LOCAL, E_REPORT_WRITE
 */
export function openNewFile(path: string, force: boolean, input: string): OutputFile {
  const there = existsSync(path)
  if (there && existsSync(input) && realpathSync(path) === realpathSync(input)) {
    throw usage('E_FILE_EXISTS', `${path} is the input itself`, 'Name another file to write to.')
  }
  if (there && !force) {
    throw usage(
      'E_FILE_EXISTS',
      `${path} is there already`,
      'Name another file, or add --force to write over it. Nothing was written.',
    )
  }
  return openOutputFile(path, 'run the same command again.')
}
