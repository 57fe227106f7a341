/**
 * The input of a run: a file, which stays where it is, or standard input, which is kept in the run directory while the
 * run is open, so that it can be resumed. Both as they came: what has to be decompressed or decoded is so for each session,
 * into a file without a name.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { inputOf, openInput } from '../input/bytes.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Encoding } from '../input/encoding.ts'
import { fillSpool, openSpool, refuseTerminal, standardInput, syncSpool, textOf } from '../input/spool.ts'
import type { PipedInput, Copy } from '../input/spool.ts'
import { isAlive } from '../config/system.ts'
import { openRunsDirectory } from '../store/run-directory.ts'

export interface RunInput {
  readonly file: InputFile
  /** Moves a spooled input into the run directory, over one that an earlier session left; a file stays where it is. */
  keepIn(directory: string): void
  /** Closes it. A spooled input that was not kept goes. */
  close(): Promise<void>
}

/** Where a run directory keeps what came over standard input. */
export function keptInput(directory: string): string {
  return join(directory, 'input')
}

/** A finished run needs its input no more, and the input is full of personal data. */
export function removeKeptInput(directory: string): void {
  rmSync(keptInput(directory), { force: true })
}

export interface OpenOptions {
  /** What `--encoding` says. Default: told by the content. */
  readonly encoding?: Encoding | undefined
  /** Default: standard input of this process. */
  readonly piped?: PipedInput | undefined
}

/** Opens the file at `path`, or spools standard input into the runs directory where `path` is `-`. */
export async function openRunInput(
  path: string,
  runsDir: string,
  signal: AbortSignal,
  options: OpenOptions = {},
): Promise<RunInput> {
  // Copies lie where there is room for the files of runs.
  const openBeside = (what: string): Promise<Copy> => {
    removeLeftovers(openRunsDirectory(runsDir))
    return openNameless(join(runsDir, spoolName()), what)
  }
  if (path !== '-') {
    const file = await asText(await openInput(path), options, openBeside, signal)
    return { file, keepIn: () => {}, close: () => file.close() }
  }
  const { piped = process.stdin } = options
  refuseTerminal(piped)
  removeLeftovers(openRunsDirectory(runsDir))
  const spool = join(runsDir, spoolName())
  const handle = await openSpool(spool)
  const remove = (): void => rmSync(spool, { force: true })
  try {
    await fillSpool(handle, spool, piped, signal)
    // What is kept for a resume has to outlive a power failure, as the journal does.
    await syncSpool(handle, spool)
    const file = await asText(await inputOf(handle, standardInput), options, openBeside, signal)
    return {
      file,
      keepIn(directory) {
        try {
          renameSync(spool, keptInput(directory))
        } catch (error) {
          throw cannotMove(directory, error)
        }
      },
      async close() {
        await file.close()
        remove()
      },
    }
  } catch (error) {
    await handle.close()
    remove()
    throw error
  }
}

/** The same for a command that leaves nothing behind: copies go into files that have no name. */
export async function openPassingInput(
  path: string,
  signal: AbortSignal,
  options: OpenOptions = {},
): Promise<InputFile> {
  if (path !== '-') return asText(await openInput(path), options, openElsewhere, signal)
  const { piped = process.stdin } = options
  refuseTerminal(piped)
  const spool = await openElsewhere(standardInput)
  try {
    await fillSpool(spool.handle, spool.path, piped, signal)
    return await asText(await inputOf(spool.handle, standardInput), options, openElsewhere, signal)
  } catch (error) {
    await spool.handle.close()
    throw error
  }
}

function openElsewhere(what: string): Promise<Copy> {
  return openNameless(join(tmpdir(), `.rapyd-bulk-${randomUUID()}`), what)
}

/** Closes `raw` where it cannot be read as text. */
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

/** A file that goes with its process, however that ends. */
async function openNameless(path: string, what: string): Promise<Copy> {
  const handle = await openSpool(path, what)
  await unlink(path)
  return { handle, path }
}

const spoolPattern = /^\.stdin-(\d+)-(\d+)$/
let serial = 0

function spoolName(): string {
  serial += 1
  return `.stdin-${process.pid}-${serial}`
}

/** What a killed process left behind; in a container the dead one often had the number that this one has. */
function removeLeftovers(runsDir: string): void {
  for (const name of readdirSync(runsDir)) {
    const [, pid, number] = spoolPattern.exec(name) ?? []
    if (pid === undefined) continue
    const isOurs = Number(pid) === process.pid && Number(number) <= serial
    if (isOurs || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue
    try {
      unlinkSync(join(runsDir, name))
    } catch {
      // It belongs to another user, or is gone: not worth stopping a run.
    }
  }
}

function cannotMove(directory: string, error: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'E_SPOOL',
    `${standardInput} cannot be kept in ${directory} (${systemCode(error)})`,
    'Look at the directory and the disk, then run the same command again. Nothing was sent.',
    { cause: error },
  )
}
