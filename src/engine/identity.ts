/** What makes a run this run: input, mapping, host and account. The same command on the same file is the same run. */
import { hash } from 'node:crypto'
import type { Mapping } from '../mapping/mapping.ts'
import type { ResolvedOptions } from '../config/job-options.ts'

/** Covers what a mapping file says, not how it is written: reformatting it keeps the run. */
export function mappingDigest(options: ResolvedOptions, mapping: Mapping): string {
  const { blank, ignoreColumns, nullValues, literals, format = '', delimiter = '', duplicates } = options
  const { headerLine, escape, skipFooter } = options
  return hash(
    'sha256',
    JSON.stringify([
      blank,
      [...ignoreColumns].sort(),
      [...nullValues].sort(),
      [...literals].sort(),
      format,
      delimiter,
      ...(mapping.origin === 'default' ? [] : [mapping.canonical]),
      // Defaults add nothing, so that older runs keep their ids.
      ...(duplicates === 'sequence' ? [] : [{ duplicates }]),
      ...(headerLine === undefined ? [] : [{ headerLine }]),
      ...(escape === undefined ? [] : [{ escape }]),
      ...(skipFooter ? [{ skipFooter }] : []),
    ]),
    'hex',
  )
}

/** Ten hex digits over what a run is bound to. */
export function runDigest(binding: Readonly<Record<string, string>>): string {
  const values = ['input', 'mapping', 'host', 'account'].map((name) => binding[name])
  return hash('sha256', values.join('\n'), 'hex').slice(0, 10)
}
