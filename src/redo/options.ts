/** What a redo is given, and what it takes from its parent. */
import type { UpdateOptions } from '../options.ts'
import { openSavedRun } from '../saved-runs/saved-run.ts'
import type { RecordedOptions } from '../run/record.ts'

/** As for an update; how the input is read is the parent's, but `encoding`, which is that of `from`. */
export interface RedoOptions extends Omit<UpdateOptions, 'input' | 'runId' | 'newRun' | keyof Reading> {
  /** A run id below `runsDir`, or the path of a run directory. */
  readonly run: string
  /** The `errors` file of the run, mended. Without it, rows that are not `invalid` are sent again from the original input. */
  readonly from?: string
}

type Reading = Pick<
  UpdateOptions,
  'format' | 'delimiter' | 'map' | 'blank' | 'duplicates' | 'ignoreColumns' | 'nullValues' | 'literals'
>
/** A run, or a plan. */
interface WithOptions {
  readonly record: { readonly options: RecordedOptions }
}
type Where = Pick<UpdateOptions, 'env' | 'baseUrl' | 'allowHost'>

/** Where the calls of a run went: what its redo takes where nothing else is said. Throws like `openSavedRun`. */
export function whereRunWent(run: string, runsDir: string | undefined): Where {
  const saved = openSavedRun(run, runsDir)
  saved.close()
  return whereOf(saved)
}

export function whereOf({ record }: WithOptions): Where {
  const { env, baseUrl, allowHost } = record.options
  return {
    ...(env === undefined ? {} : { env }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(allowHost === undefined ? {} : { allowHost }),
  }
}

/** Of a run that sent what had changed only: so does its redo. */
export function comparingOf({ record }: WithOptions): Pick<UpdateOptions, 'onlyChanged' | 'wholeRows'> {
  const { onlyChanged, wholeRows } = record.options
  return onlyChanged === true ? { onlyChanged, wholeRows: wholeRows ?? false } : {}
}

/** How the input is read, and how careful the user was. */
export function readingOf({
  record,
}: WithOptions): Reading & Pick<UpdateOptions, 'maxErrors' | 'maxClears' | 'backup'> {
  const { format, delimiter, map, blank, duplicates, ignoreColumns, nullValues, literals } = record.options
  const { maxErrors, maxClears, backup } = record.options
  return {
    ...(format === undefined ? {} : { format }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(map === undefined ? {} : { map }),
    ...(blank === undefined ? {} : { blank }),
    ...(duplicates === undefined ? {} : { duplicates }),
    ...(ignoreColumns === undefined ? {} : { ignoreColumns }),
    ...(nullValues === undefined ? {} : { nullValues }),
    ...(literals === undefined ? {} : { literals }),
    ...(maxErrors === undefined ? {} : { maxErrors }),
    ...(maxClears === undefined ? {} : { maxClears }),
    ...(backup === undefined ? {} : { backup }),
  }
}
