/** A run by its name, opened to look at it: its journal, what it keeps of its options, and whether a process is in it. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { BulkUpdateError } from '../model/errors.ts'
import { isEncoding } from '../input/encoding.ts'
import { inheritOptions, resolveOptions } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import { options as optionTable } from '../config/options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { readRecord } from './record.ts'
import type { RunRecord } from './record.ts'
import { isHeld } from '../store/find-runs.ts'
import { readJournal } from '../store/saved-journal.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import type { InputParts } from '../validation/scan.ts'
import type { InputFile } from '../input/bytes.ts'
import { readHead } from '../input/header.ts'
import type { Head } from '../input/header.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import { mappingDigest } from './identity.ts'
import { keptInput, openPassingInput } from './input.ts'

export interface SavedRun {
  readonly runId: string
  readonly directory: string
  /** The folder that it lies in. */
  readonly runsDir: string
  readonly journal: SavedJournal
  readonly record: RunRecord
  readonly isRunning: boolean
  readonly isFinished: boolean
  /** What its journal is bound to: `input`, `host`, `account`, `mapping`, `encoding`. */
  readonly fact: (name: string) => string
  close(): void
}

/**
 * `run` is a run id below `runsDir`, or the path of a run directory: what holds a slash is a path. Throws USAGE, E_NO_RUN,
 * where there is none, and LOCAL where its journal cannot be read or says too little.
 */
export function openSavedRun(run: string, runsDir: string | undefined): SavedRun {
  const directory = /[\\/]/.test(run)
    ? resolve(run)
    : join(resolve(runsDir ?? optionTable.runsDir.default), run)
  if (!existsSync(join(directory, 'journal.db'))) {
    throw new BulkUpdateError(
      'E_NO_RUN',
      `${directory} is no run`,
      'Give the id of a run, as `rapyd-bulk runs` lists them (with --runs-dir where they are elsewhere), or the path of its directory.',
    )
  }
  // Asked first: a run that ends in between then counts as running, never as left.
  const isRunning = isHeld(directory)
  const journal = readJournal(directory)
  const record = readRecord(journal)
  if (record === undefined) {
    journal.close()
    throw new BulkUpdateError(
      'E_RUN_RECORD',
      `the journal of ${directory} does not say how its run was begun`,
      'Run its first command again: what was answered is not sent again, and the files are written.',
    )
  }
  return {
    runId: basename(directory),
    directory,
    runsDir: dirname(directory),
    journal,
    record,
    isRunning,
    isFinished: journal.get('state') === 'finished',
    fact: (name) => journal.get(name) ?? '',
    close: () => journal.close(),
  }
}

/** Where the calls of a run went: what its redo takes if nothing else is said. Throws like `openSavedRun`. */
export function whereRunWent(run: string, runsDir: string | undefined): Partial<RecordedOptions> {
  const saved = openSavedRun(run, runsDir)
  saved.close()
  return inheritOptions('verify', saved.record.options, {})
}

/** How the input of a run was written; nothing of a run from before that was kept, which was UTF-8. */
export function writtenIn(fact: SavedRun['fact']): Pick<UpdateOptions, 'encoding'> {
  const encoding = fact('encoding')
  return isEncoding(encoding) ? { encoding } : {}
}

/** Throws USAGE where customers of another account would be changed. `what` is a run or a plan, with `held` of it. */
export function refuseElsewhere(
  what: string,
  held: (name: 'host' | 'account') => string,
  facts: Readonly<Record<string, string>>,
): void {
  for (const name of ['host', 'account'] as const) {
    if (facts[name] === held(name)) continue
    throw new BulkUpdateError(
      'E_OTHER_ACCOUNT',
      `${what} belongs to ${name} ${held(name)}, and this is ${facts[name] ?? ''}`,
      'Use its keys, --env and --base-url. Nothing was sent.',
    )
  }
}

export function inputNotKept(runId: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_INPUT_NOT_KEPT',
    `what came over standard input for ${runId} is not kept once a run is finished`,
    remedy,
  )
}

/** The file that the run was made from, or an error that says what became of it. */
export async function openSameInput({ directory, record, fact }: SavedRun): Promise<InputFile> {
  const path = record.options.input === '-' ? keptInput(directory) : record.options.input
  const file = await openPassingInput(path, new AbortController().signal, writtenIn(fact))
  try {
    if ((await file.digest()) === fact('input')) return file
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  throw new BulkUpdateError(
    'E_INPUT_CHANGED',
    `${path} is not the file of this run any more (its SHA-256 was ${fact('input')})`,
    'Put the file back.',
  )
}

export function readHeadOf({ record: { options } }: SavedRun, file: InputFile): Promise<Head> {
  return readHead(file, { format: options.format, delimiter: options.delimiter })
}

/** Throws INPUT, E_MAPPING_CHANGED, where the mapping says something else than it did. */
export async function inputPartsOf(
  { record, fact }: SavedRun,
  file: InputFile,
  head: Head,
): Promise<InputParts> {
  const options = resolveOptions(record.options)
  const mapping = await loadMapping(options.map)
  if (mappingDigest(options, mapping) !== fact('mapping')) throw otherMapping(record)
  return { file, head, options, mapping, onInvalid: () => {}, signal: new AbortController().signal }
}

function otherMapping({ options }: RunRecord): BulkUpdateError {
  return new BulkUpdateError(
    'E_MAPPING_CHANGED',
    `${options.map ?? 'the mapping'} says something else than when the run began`,
    'Put the mapping file back.',
  )
}
