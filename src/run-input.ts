/**
 * The input of a run: a file, which stays where it is, or standard input, which is kept in the run directory while the
 * run is open, so that it can be resumed.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BulkUpdateError, systemCode } from './errors.ts'
import { inputOf, openInput } from './input/bytes.ts'
import type { InputFile } from './input/bytes.ts'
import { fillSpool, openSpool, refuseTerminal, standardInput, syncSpool } from './input/spool.ts'
import type { PipedInput } from './input/spool.ts'
import { isAlive } from './is-alive.ts'
import { openRunsDirectory } from './store/run-directory.ts'

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

/** Opens the file at `path`, or spools `piped` into the runs directory where `path` is `-`. */
export async function openRunInput(
  path: string,
  runsDir: string,
  signal: AbortSignal,
  piped: PipedInput = process.stdin,
): Promise<RunInput> {
  if (path !== '-') {
    const file = await openInput(path)
    return { file, keepIn: () => {}, close: () => file.close() }
  }
  refuseTerminal(piped)
  removeLeftovers(openRunsDirectory(runsDir))
  const spool = join(runsDir, spoolName())
  const handle = await openSpool(spool)
  const remove = (): void => rmSync(spool, { force: true })
  try {
    await fillSpool(handle, spool, piped, signal)
    // What is kept for a resume has to outlive a power failure, as the journal does.
    await syncSpool(handle, spool)
    const file = await inputOf(handle, standardInput)
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

/** The same for a command that leaves nothing behind: standard input goes through a file that has no name. */
export async function openPassingInput(
  path: string,
  signal: AbortSignal,
  piped: PipedInput = process.stdin,
): Promise<InputFile> {
  if (path !== '-') return openInput(path)
  refuseTerminal(piped)
  const spool = join(tmpdir(), `.rapyd-bulk-${randomUUID()}`)
  const handle = await openSpool(spool)
  try {
    await unlink(spool)
    await fillSpool(handle, spool, piped, signal)
    return await inputOf(handle, standardInput)
  } catch (error) {
    await handle.close()
    throw error
  }
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
      // Somebody else's, or gone by now: not worth a run.
    }
  }
}

function cannotMove(directory: string, error: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'LOCAL',
    'E_SPOOL',
    `${standardInput} cannot be kept in ${directory} (${systemCode(error)})`,
    'Look at the directory and the disk, then run the same command again. Nothing was sent.',
    { cause: error },
  )
}
