/** Opens the input of a command: loads the mapping first, then opens the input and reads its head. */
import { resolve } from 'node:path'
import type { ResolvedOptions } from '../config/job-options.ts'
import { invalidValue } from '../config/values.ts'
import { didYouMean, findNearest, normalise } from '../model/text.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { readHead } from '../input/header.ts'
import type { Head } from '../input/header.ts'
import type { InputFile } from '../input/bytes.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { nearestPath, targetOf } from '../mapping/targets.ts'
import { customerFields } from '../rapyd/customer-fields.ts'
import { mapInput } from '../validation/row-reader.ts'
import { openRunInput } from './input.ts'
import type { OpenOptions, RunInput } from './input.ts'

export interface OpenGiven<Options extends ResolvedOptions> {
  readonly runsDir: string
  /** The caller closes it. */
  readonly input: RunInput
  /** What a check of the input begins with. */
  readonly given: {
    readonly file: InputFile
    readonly head: Head
    readonly options: Options
    readonly mapping: Mapping
  }
}

/** Throws as `acceptedChanges`, `acceptedFields`, `loadMapping`, `openRunInput` and `readHead` do; then nothing stays open. */
export async function openGiven<Options extends ResolvedOptions>(
  asGiven: Options,
  signal: AbortSignal,
  from: Pick<OpenOptions, 'piped' | 'kept'> = {},
): Promise<OpenGiven<Options>> {
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

const wholes = ['rows', 'damage', 'all'] as const
const fields = customerFields.map(({ name }) => name)

/**
 * The words of `--accept-change`: `rows`, `damage`, `all` or the path of a field, also several with commas. Throws USAGE,
 * E_OPTION_ACCEPT_CHANGE, for a word that names nothing.
 */
export function acceptedChanges(given: readonly string[]): readonly string[] {
  const use = 'use rows, damage, all or fields of Update Customer, as the refusal named them'
  return readWords(given, wholes, (word, near) =>
    invalidValue('E_OPTION_ACCEPT_CHANGE', 'accept-change', word, use, near),
  )
}

/** The paths of `--accept-not-taken`, as above. Throws USAGE, E_OPTION_ACCEPT_NOT_TAKEN. */
export function acceptedFields(given: readonly string[]): readonly string[] {
  const use = 'use fields of Update Customer, as the message named them'
  return readWords(given, [], (word, near) =>
    invalidValue('E_OPTION_ACCEPT_NOT_TAKEN', 'accept-not-taken', word, use, near),
  )
}

function readWords(
  given: readonly string[],
  others: readonly string[],
  refuse: (word: string, near: string) => BulkUpdateError,
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
    throw refuse(word, didYouMean(findNearest(word, [...others, ...fields]) ?? nearestPath(word)))
  })
  return [...new Set(words)]
}
