/** Opens the input of a command, and that of a saved run: loads the mapping, opens the input and reads its head. */
import { resolve } from 'node:path'
import { resolveOptions, type ResolvedOptions } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { invalidValue } from '../config/values.ts'
import { didYouMean, findNearest, normalise } from '../model/text.ts'
import type { RunErrorCode } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { readHead, type Head } from '../input/header.ts'
import type { InputFile } from '../input/bytes.ts'
import { isEncoding } from '../input/encoding.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import { nearestPath, targetOf } from '../mapping/targets.ts'
import { customerFields } from '../rapyd/customer-fields.ts'
import { mapInput } from '../validation/row-reader.ts'
import type { InputParts } from '../validation/input-parts.ts'
import { mappingDigest } from './identity.ts'
import { openKeptInput, openPassingInput, openRunInput, type OpenOptions } from './run-input.ts'
import type { SavedRun } from './saved-run.ts'

export type OpenGiven = Awaited<ReturnType<typeof openGiven>>

/** Throws as `acceptedChanges`, `acceptedFields`, `loadMapping`, `openRunInput` and `readHead` do; then nothing stays open. */
export async function openGiven(
  asGiven: ResolvedOptions,
  signal: AbortSignal,
  from: Pick<OpenOptions, 'piped' | 'kept'> = {},
) {
  const options = {
    ...asGiven,
    acceptChange: acceptedChanges(asGiven.acceptChange),
    acceptNotTaken: acceptedFields(asGiven.acceptNotTaken),
  }
  const mapping = await loadMapping(options.map)
  const runsDir = resolve(options.runsDir)
  const input = await openRunInput(options.input, runsDir, signal, { encoding: options.encoding, ...from })
  try {
    const { file } = input
    const head = await readHead(file, options)
    return { runsDir, input, given: mapInput({ file, head, options, mapping }) }
  } catch (error) {
    await input.close()
    throw error
  }
}

/** How the input of a run was written. */
export function writtenIn({ encoding }: SavedRun['binding']): Pick<UpdateOptions, 'encoding'> {
  return isEncoding(encoding) ? { encoding } : {}
}

/** Opens the input of the run. Throws INPUT if it is gone or has changed. */
export async function openSameInput({ reader, record, binding }: SavedRun): Promise<InputFile> {
  const path = record.options.input
  const { signal } = new AbortController()
  const file =
    path === '-'
      ? await openKeptInput(reader, signal, writtenIn(binding))
      : await openPassingInput(path, signal, writtenIn(binding))
  try {
    if ((await file.digest()) === binding.input) return file
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  throw errorOf('E_INPUT_CHANGED', 'other_input', { path, digest: binding.input })
}

/** Throws INPUT, E_MAPPING_CHANGED, if the mapping says something else than it did. */
export async function inputPartsOf(
  { record, binding }: SavedRun,
  file: InputFile,
  head: Head,
): Promise<InputParts> {
  const options = resolveOptions(record.options)
  const mapped = mapInput({ file, head, options, mapping: await loadMapping(options.map) })
  if (mappingDigest(options, mapped.mapping) !== binding.mapping)
    throw errorOf('E_MAPPING_CHANGED', 'other_mapping', { mapping: options.map ?? 'the mapping' })
  return { ...mapped, signal: new AbortController().signal }
}

const wholes = ['rows', 'damage', 'all'] as const
const fields = customerFields.map(({ name }) => name)

/**
 * The words of `--accept-change`: `rows`, `damage`, `all` or the path of a field, also several with commas. Throws USAGE,
 * E_OPTION_ACCEPT_CHANGE, for a word that names nothing.
 */
export function acceptedChanges(given: readonly string[]): readonly string[] {
  const use = 'use rows, damage, all or fields of Update Customer, as the refusal named them'
  return readPaths(given, wholes, ['E_OPTION_ACCEPT_CHANGE', 'accept-change', use])
}

/** The paths of `--accept-not-taken`, as above. Throws USAGE, E_OPTION_ACCEPT_NOT_TAKEN. */
function acceptedFields(given: readonly string[]): readonly string[] {
  const use = 'use fields of Update Customer, as the message named them'
  return readPaths(given, [], ['E_OPTION_ACCEPT_NOT_TAKEN', 'accept-not-taken', use])
}

function readPaths(
  given: readonly string[],
  others: readonly string[],
  [code, option, use]: readonly [code: RunErrorCode, option: string, use: string],
): readonly string[] {
  const wordOf = (text: string): string | undefined =>
    others.find((word) => word === normalise(text)) ?? targetOf(text)?.path
  const words = given.flatMap((text) => {
    const whole = wordOf(text)
    const parts = text.split(',')
    const named = parts.flatMap((part) => wordOf(part) ?? [])
    // A key of metadata may hold a comma itself.
    if (whole !== undefined) return [whole, ...named]
    if (named.length === parts.length) return named
    const word = parts.find((part) => wordOf(part) === undefined)?.trim() ?? ''
    const near = didYouMean(findNearest(word, [...others, ...fields]) ?? nearestPath(word))
    throw invalidValue(code, option, word, use, near)
  })
  return [...new Set(words)]
}
