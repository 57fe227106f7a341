/** What the options of a command give to be read: the mapping is loaded before the input is opened, and its head is read. */
import { resolve } from 'node:path'
import { acceptedChanges } from '../accepted-changes.ts'
import { readHead } from '../input/header.ts'
import type { Head } from '../input/header.ts'
import type { InputFile } from '../input/bytes.ts'
import { loadMapping } from '../mapping/mapping-file.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { openRunInput } from './input.ts'
import type { OpenOptions, RunInput } from './input.ts'

export interface OpenGiven<Options extends ResolvedOptions> {
  readonly runsDir: string
  /** Whoever opens it closes it. */
  readonly input: RunInput
  /** What a check of the input begins with. */
  readonly given: {
    readonly file: InputFile
    readonly head: Head
    readonly options: Options
    readonly mapping: Mapping
  }
}

/** Throws as `acceptedChanges`, `loadMapping`, `openRunInput` and `readHead` do; then nothing stays open. */
export async function openGiven<Options extends ResolvedOptions>(
  asGiven: Options,
  signal: AbortSignal,
  piped?: OpenOptions['piped'],
): Promise<OpenGiven<Options>> {
  const options = { ...asGiven, acceptChange: acceptedChanges(asGiven.acceptChange) }
  const mapping = await loadMapping(options.map)
  const runsDir = resolve(options.runsDir)
  const input = await openRunInput(options.input, runsDir, signal, { encoding: options.encoding, piped })
  try {
    const { file } = input
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    return { runsDir, input, given: { file, head, options, mapping } }
  } catch (error) {
    await input.close()
    throw error
  }
}
