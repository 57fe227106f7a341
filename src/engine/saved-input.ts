/** The input of a run that was, read as the run read it, or an error that says what has changed since. */
import type { InputParts } from '../validation/scan.ts'
import { resolveOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { InputFile } from '../input/bytes.ts'
import { readHead } from '../input/header.ts'
import type { Head } from '../input/header.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import { mappingDigest } from './identity.ts'
import { keptInput, openPassingInput } from './input.ts'
import type { RunRecord } from './record.ts'
import { writtenIn } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

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
    'INPUT',
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
    'INPUT',
    'E_MAPPING_CHANGED',
    `${options.map ?? 'the mapping'} says something else than when the run began`,
    'Put the mapping file back.',
  )
}
