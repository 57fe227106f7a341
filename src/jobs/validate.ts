/** `validate`: the scan with all checks: what is in the file, and everything that is wrong with it. No network, no credentials. */
import { scanInput } from '../validation/scan.ts'
import type { ScannedInput, MappedInput } from '../validation/input-parts.ts'
import { createColumns, mostKeys, type ColumnReport } from '../validation/columns.ts'
import { createChecks, type Checks, type CheckResults, type ChecksParts } from '../validation/checks.ts'
import type { Defect, Diagnosis } from '../validation/findings.ts'
import { toTextColumn, typedColumns } from '../validation/damage.ts'
import { type BulkUpdateError, systemCode, type ErrorCode, type WarningCode } from '../model/errors.ts'
import { errorOf } from '../engine/errors.ts'
import { findLookAlikes } from '../mapping/column-names.ts'
import { readHead } from '../input/header.ts'
import type { InputColumn } from '../mapping/headers.ts'
import { createLocate, unmatchedNames } from '../mapping/input-columns.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import { resolveOptions, type ResolvedOptions } from '../config/job-options.ts'
import { options as table, type UpdateOptions } from '../config/options.ts'
import { parseRate } from '../config/values.ts'
import { givenInput, signalOf, type Stoppable, type WithRecords } from '../engine/program-options.ts'
import { refuseWarning } from '../validation/guards.ts'
import { createFileProfiler } from '../validation/input-guard.ts'
import { callsOnTop, type Scan, type UnmatchedName } from '../model/scan.ts'
import { columnsOf, mapInput, rulesOf } from '../validation/row-reader.ts'
import { createPace } from '../report/pace.ts'
import { openPassingInput } from '../engine/run-input.ts'
import { acceptedChanges } from '../engine/open-input.ts'
import type { FixedFile } from '../validation/fixed-copy.ts'
import { makeLevels } from '../config/own-files.ts'
import type { Examiner } from '../model/ports.ts'
import { isOutcome, type Outcome, type MalformedRow, type Row, type SourceColumn } from '../model/row.ts'
import { isStrictRule } from '../rapyd/customer-fields.ts'

export interface ValidateResult extends Omit<Scan, 'findings' | 'warnings'> {
  /** Every column of the file, or key of NDJSON. */
  readonly columns: readonly ColumnReport[]
  /** What is wrong, most frequent first. A row with several defects counts in each. */
  readonly findings: readonly Diagnosis<ErrorCode>[]
  /** Warnings: `update` sends these rows. */
  readonly warnings: readonly Diagnosis<WarningCode>[]
  /** Why `update` would send nothing; with `strict` also warnings that only `validate` finds. */
  readonly refusal: BulkUpdateError | undefined
  /** Names of `ignoreColumns` that no column has, or no row as a key. */
  readonly unmatched: readonly UnmatchedName[]
  /** How long `update` takes at the default rate and reserve, in milliseconds. */
  readonly etaMs: number
  /** The file with the invalid rows; undefined if there are none, or `out` is not given. */
  readonly errorsFile?: string
  /** What `fix` has done. */
  readonly mended?: FixedFile
}

/** Gets an invalid row. `columnOf` finds the column of its problem. */
export type OnInvalid = (outcome: Outcome, columnOf: () => SourceColumn | undefined) => void

/** Of `validate`. Options about sending are taken and do nothing. */
export interface ValidateWatch {
  /** Directory for `errors.csv` or `errors.ndjson`. It is made if it does not exist. */
  readonly out?: string | undefined
  /** Path of a copy in which cells with a certain fix are fixed. */
  readonly fix?: string | undefined
  /** Whether `fix` may be a file that is there. Default false. */
  readonly force?: boolean | undefined
  /** Gets each invalid row, in file order, and a function that finds its column. */
  readonly onInvalid?: OnInvalid
  /** Gets each error and each warning of each row, in file order. */
  readonly onDefect?: (defect: Defect) => void
  /** Called between batches of rows, to write the defects that were gathered. */
  readonly afterBatch?: () => Promise<void>
}

/**
 * Checks a file or records without a network and without credentials.
 *
 * @throws BulkUpdateError INPUT if the input cannot be trusted at all; USAGE, E_MAPPING; an interruption if `signal` aborts
 */
export async function validate(given: ValidateOptions): Promise<ValidateResult> {
  const { onDefect, afterBatch, onInvalid, out, fix, force } = given
  const { options: asGiven, piped } = givenInput(given)
  const resolved = resolveOptions(asGiven)
  const options = { ...resolved, acceptChange: acceptedChanges(resolved.acceptChange) }
  const signal = signalOf(given)
  const mapping = await loadMapping(options.map)
  const file = await openPassingInput(options.input, signal, { encoding: options.encoding, piped })
  try {
    const head = await readHead(file, options)
    const input = mapInput({ file, head, options, mapping })
    const asked = out !== undefined || fix !== undefined
    using files = asked ? await openFiles({ out, fix, force }, input) : undefined
    const afterEach = async (): Promise<void> => {
      await files?.flush()
      await afterBatch?.()
    }
    const checks = openChecks(input, { onDefect, onDefective: files?.defective })
    const locate = createLocate(columnsOf(input))
    const invalid: Examiner = {
      row(row, read) {
        if (!isOutcome(read) || read.outcome !== 'invalid') return
        files?.invalid(read)
        onInvalid?.(read, () => locate(row, read.errorField))
      },
    }
    const profiler = createFileProfiler(input, undefined)
    const examiners = [checks, profiler, invalid]
    const scanned = await scanInput({ ...input, signal, examiners, afterBatch: afterEach })
    const results = checks.finish(scanned.scan)
    await afterBatch?.()
    const present = results.columns.map(({ name }) => name)
    // With more keys, not all are known.
    const unmatched =
      head.format === 'csv' || present.length < mostKeys
        ? unmatchedNames(options.ignoreColumns, present, input.mapping)
        : []
    const damage = (await profiler.finish(scanned.scan)).refusal
    const refusal = scanned.refusal ?? damage
    return { ...resultOf({ ...scanned, refusal }, results, options), unmatched, ...(await files?.finish()) }
  } finally {
    await file.close()
  }
}

/** Composes the checks for the columns of the file. Throws INPUT errors if the header cannot be matched. */
function openChecks(input: MappedInput, watch: Pick<ChecksParts, 'onDefect' | 'onDefective'>): Checks {
  const columnsOfRow = columnsOf(input)
  const header = columnsOfRow()
  return createChecks({
    ...watch,
    locate: createLocate(columnsOfRow),
    columns: createColumns(columnsOfRow, rulesOf(input.options)),
    texts: header.flatMap(textsOf),
    objects: header
      .flatMap(({ assignments }) => assignments)
      .flatMap(({ conversion, target }) => (conversion?.name === 'json' ? [target.path] : [])),
    typed: typedColumns(header),
    headerWarnings: findLookAlikes(
      header.flatMap(({ name, number, assignments }) =>
        assignments.length === 0 || number === undefined ? [] : { name, number },
      ),
    ),
  })
}

/** Fields with a strict rule are checked by it. Others hold texts, or objects of them. */
function textsOf({ name, assignments }: InputColumn, index: number): ChecksParts['texts'] {
  const found = assignments.find(
    ({ target, conversion }) => !isStrictRule(target.rule) && conversion?.name !== 'json',
  )
  if (found === undefined) return []
  const { changes, target } = found
  const source = { name, number: index + 1 }
  return [{ index, source, changes, ...toTextColumn(target.path, target.holds === 'any', name) }]
}

function resultOf(
  { scan, refusal }: ScannedInput,
  { columns, findings, warnings }: CheckResults,
  options: ResolvedOptions,
): Omit<ValidateResult, 'unmatched'> {
  const [doubt] = options.strict ? warnings : []
  return {
    ...scan,
    columns,
    findings,
    warnings,
    refusal: refusal ?? (doubt === undefined ? undefined : refuseWarning(doubt, scan.rows)),
    etaMs:
      createPace(parseRate(table.rate.default, table.reserve.default)).etaMs(
        scan.calls,
        1 + callsOnTop(scan),
      ) ?? 0,
  }
}

/**
 * The invalid rows, as `update` writes them to `errors`, and the fixed copy. Throws USAGE and LOCAL if a file cannot be written, and
 * INPUT if the header cannot be matched.
 */
async function openFiles({ out, fix, force = false }: ValidateWatch, input: MappedInput) {
  // They take time to load.
  const { createFixedCopy } = await import('../validation/fixed-copy.ts')
  const { openErrorsFile } = await import('../report/results.ts')
  const mended = fix === undefined ? undefined : createFixedCopy(fix, force, input)
  const errors =
    out === undefined ? undefined : openErrorsFile(makeFolder(out), input, 'run the same command again.')
  const waiting: Outcome[] = []

  async function flush(): Promise<void> {
    for (const outcome of waiting.splice(0)) await errors?.add(outcome)
    await mended?.flush()
  }

  return {
    invalid(outcome: Outcome): void {
      if (errors !== undefined) waiting.push(outcome)
    },
    defective: (row: Row | MalformedRow, defects: readonly Defect[]) => mended?.defective(row, defects),
    flush,
    /** The path of the invalid rows is undefined if every row is good. */
    async finish() {
      await flush()
      const errorsFile = errors?.commit()
      const copy = await mended?.finish()
      return {
        ...(errorsFile === undefined ? {} : { errorsFile }),
        ...(copy === undefined ? {} : { mended: copy }),
      }
    },
    [Symbol.dispose](): void {
      errors?.[Symbol.dispose]()
      mended?.discard()
    },
  }
}

function makeFolder(directory: string): string {
  try {
    return makeLevels(directory)
  } catch (error) {
    throw errorOf('E_OUT', 'no_folder', { directory, code: systemCode(error) }, error)
  }
}

export type ValidateOptions = WithRecords<UpdateOptions> & ValidateWatch & Stoppable
