/**
 * The input of a run: a file, or standard input, which the store keeps while the run is open. Both are kept as they came.
 * Each session decompresses or decodes them into a file without a name.
 */
import { randomUUID } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inputOf, openInput, type InputFile } from '../input/bytes.ts'
import type { Encoding } from '../input/encoding.ts'
import {
  fillSpool,
  openSpool,
  refuseTerminal,
  standardInput,
  textOf,
  writeSpool,
  type PipedInput,
  type Copy,
} from '../input/spool.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { inputKeptNote, type Run, type RunReader } from '../model/store.ts'
import { openOutputFile } from '../report/output-file.ts'
import { openRunsDirectory } from '../store/run-directory.ts'

export type RunInput = Awaited<ReturnType<typeof openRunInput>>

export interface OpenOptions {
  /** What `--encoding` says. Default: detected from the content. */
  readonly encoding?: Encoding | undefined
  /** Default: standard input of this process. */
  readonly piped?: PipedInput | undefined
  /** An open run whose standard input the store keeps. It is read if nothing is piped in. */
  readonly kept?: Pick<RunReader, 'keptInput'> | undefined
}

/** True if the store keeps the whole standard input of the run. */
export function isInputKept(run: Pick<RunReader['stored'], 'note'>): boolean {
  return run.note(inputKeptNote) === 'yes'
}

/** Opens the file at `path`, or copies standard input if `path` is `-`. Copies are files without a name in `runsDir`. */
export async function openRunInput(
  path: string,
  runsDir: string,
  signal: AbortSignal,
  options: OpenOptions = {},
) {
  const openInRunsDir = (what: string): Promise<Copy> =>
    openNameless(join(openRunsDirectory(runsDir), `.input-${randomUUID()}`), what)
  const isPiped = path === '-'
  const raw = isPiped ? await openPiped(openInRunsDir, options, signal) : await openInput(path)
  const file = await asText(raw, options, openInRunsDir, signal)
  return {
    file,
    /** Keeps what came over standard input in the store; does nothing for a file. */
    async keepIn(run: Pick<Run, 'keepInput' | 'note' | 'setNote'>): Promise<void> {
      if (!isPiped || isInputKept(run)) return
      await run.keepInput(raw.blocks(0))
      await run.setNote(inputKeptNote, 'yes')
    },
    /** The same in a file; does nothing for a file. */
    async keepAt(target: string): Promise<void> {
      if (!isPiped) return
      using output = openOutputFile(target, 'run the same command again.')
      for await (const block of raw.blocks(0)) output.write(block)
      output.commit()
    },
    close: (): Promise<void> => file.close(),
  }
}

/** The same for a command that keeps nothing. Copies are in the folder for temporary files. */
export async function openPassingInput(
  path: string,
  signal: AbortSignal,
  options: OpenOptions = {},
): Promise<InputFile> {
  const raw = path === '-' ? await openPiped(openTemporary, options, signal) : await openInput(path)
  return asText(raw, options, openTemporary, signal)
}

/** What the store keeps of a run's standard input. Throws INPUT, E_INPUT_NOT_KEPT, if it keeps nothing. */
export async function openKeptInput(
  run: Pick<RunReader, 'keptInput' | 'stored'>,
  signal: AbortSignal,
  options: OpenOptions = {},
): Promise<InputFile> {
  if (run.stored.state === 'finished' || !isInputKept(run.stored)) {
    throw inputNotKept(run.stored.id, 'Give the input as a file next time.')
  }
  const copy = await openTemporary(standardInput)
  await fillFrom(copy, run)
  return asText(await inputOf(copy.handle, standardInput), options, openTemporary, signal)
}

export function inputNotKept(runId: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_INPUT_NOT_KEPT',
    `what came over standard input for ${runId} is not kept once a run is finished`,
    remedy,
  )
}

async function openPiped(
  openCopy: (what: string) => Promise<Copy>,
  { piped = process.stdin, kept }: OpenOptions,
  signal: AbortSignal,
): Promise<InputFile> {
  if (kept === undefined) refuseTerminal(piped)
  const copy = await openCopy(standardInput)
  try {
    if (piped.isTTY !== true) await fillSpool(copy.handle, copy.path, piped, signal)
    if (kept !== undefined && (await copy.handle.stat()).size === 0) await fillFrom(copy, kept)
    return await inputOf(copy.handle, standardInput)
  } catch (error) {
    await copy.handle.close()
    throw error
  }
}

async function fillFrom({ handle, path }: Copy, run: Pick<RunReader, 'keptInput'>): Promise<void> {
  for await (const bytes of run.keptInput()) await writeSpool(handle, path, Buffer.from(bytes))
}

function openTemporary(what: string): Promise<Copy> {
  return openNameless(join(tmpdir(), `.rapyd-bulk-${randomUUID()}`), what)
}

/** Closes `raw` if it cannot be read as text. */
async function asText(
  raw: InputFile,
  { encoding }: OpenOptions,
  openCopy: (what: string) => Promise<Copy>,
  signal: AbortSignal,
): Promise<InputFile> {
  try {
    return await textOf(raw, encoding, openCopy, signal)
  } catch (error) {
    await raw.close()
    throw error
  }
}

/** A file without a name, which the system removes when the process ends. */
async function openNameless(path: string, what: string): Promise<Copy> {
  const handle = await openSpool(path, what)
  await unlink(path)
  return { handle, path }
}
