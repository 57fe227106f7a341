/**
 * `rollback`: restores the fields that still hold what a run wrote, as a run of its own. With `--dry-run` it reads the customers of the
 * run and says what a rollback would do, and writes nothing.
 */
import { createHash } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inheritOptions } from '../config/job-options.ts'
import { asInterruption, signalOf, type Stoppable } from '../engine/program-options.ts'
import { readCustomersOf, type ReadingWatch } from '../engine/reading-client.ts'
import {
  scanRollback,
  createRollbackPrecondition,
  rollbackLine,
  rollbackRows,
  findRollback,
  refuseRollback,
  type RollbackOptions,
  type RollbackRow,
} from '../engine/rollback-source.ts'
import { runJob, type UpdateResult } from '../engine/run-job.ts'
import { openSavedRun, refuseOtherDestination, refuseRunning, type SavedRun } from '../engine/saved-run.ts'
import { acceptRun } from '../engine/signed-manifest.ts'
import type { Watch } from '../engine/watch.ts'
import type { InputFile } from '../input/bytes.ts'
import { countEach } from '../model/collections.ts'
import { fieldOf } from '../model/row.ts'
import type { Store } from '../model/store.ts'
import { toUndoPatch } from '../rapyd/undo-values.ts'
import { openOutputFile, type OutputFile } from '../report/output-file.ts'
import type { RollbackBuckets } from '../report/summary.ts'
import { withExistingStore } from '../store/open-store.ts'
import { openReadings, type Readings } from '../store/readings.ts'
import { openRunDirectory } from '../store/run-directory.ts'

export type RollbackResult =
  | (UpdateResult & { readonly parent: string })
  /** Nothing can be restored, or all of it was restored before. */
  | { readonly parent: string; readonly nothingLeft: true }

/**
 * As `bulkUpdate`; the same call resumes a rollback that stopped. Rejects with USAGE if the run kept no before-images, if a redo of it
 * has to be rolled back first, and for another host or account; with BUSY if the run is running.
 */
export function rollback(options: RollbackOptions & Watch & Stoppable): Promise<RollbackResult> {
  return withExistingStore(options, (store) => rollbackIn(store, options))
}

async function rollbackIn(
  store: Store,
  options: RollbackOptions & Watch & Stoppable,
): Promise<RollbackResult> {
  const { run, ...own } = options
  const signal = signalOf(options)
  const { parent, release } = await holdParent(store, run, options.runsDir)
  try {
    await acceptRun(store, parent.reader.stored, own, options)
    await refuseRollback(parent)
    const found = await findRollback(parent, signal)
    if (found === undefined) return { parent: parent.runId, nothingLeft: true }
    const { runId } = found
    const directory = join(parent.runsDir, runId)
    const input = join(directory, 'rollback.ndjson')
    let file: InputFile | undefined
    try {
      // Its rows are those of the store, so a file that is gone or damaged is made again.
      const isWhole = found.input !== undefined && (await digestOf(input)) === found.input
      if (!isWhole && !(await writeRows(input, runId, parent, signal)))
        return { parent: parent.runId, nothingLeft: true }
      const result = await runJob(
        {
          ...inheritOptions('rollback', parent.record.options, own),
          ...own,
          input,
          format: 'ndjson',
          runsDir: parent.runsDir,
          backup: true,
        },
        options,
        signal,
        {
          kind: 'rollback',
          rollback: { parent: parent.runId },
          precondition: (reading) => {
            if (file === undefined) throw new Error('a rollback whose rows were not read')
            return createRollbackPrecondition(file, { host: parent.binding.host, runId })(reading)
          },
          async runIdOf({ binding }) {
            refuseOtherDestination(`run ${parent.runId}`, parent.binding, binding)
            return runId
          },
          scan(parts) {
            ;({ file } = parts)
            return scanRollback(parts)
          },
        },
      )
      return { ...result, parent: parent.runId }
    } catch (error) {
      // A rollback that never began leaves no personal data. Only this process can have written the folder.
      if ((await store.findRun(runId)) === undefined) rmSync(directory, { recursive: true, force: true })
      throw error
    }
  } catch (error) {
    throw asInterruption(error, signal)
  } finally {
    await release()
  }
}

/** Opens the run and keeps all other processes out of it: no resume, and no second rollback. Throws BUSY. */
async function holdParent(
  store: Store,
  run: string,
  runsDir: string | undefined,
): Promise<{ readonly parent: SavedRun; readonly release: () => Promise<void> }> {
  const { runId } = await openSavedRun(store, run, runsDir)
  const release = await store.holdRun(runId)
  try {
    // Opened again: until it was held, it may have continued.
    return { parent: await openSavedRun(store, run, runsDir), release }
  } catch (error) {
    await release()
    throw error
  }
}

/** Undefined if the file cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const digest = createHash('sha256')
  try {
    for await (const piece of createReadStream(path, 'latin1')) digest.update(String(piece), 'latin1')
    return digest.digest('hex')
  } catch {
    return undefined
  }
}

/** False if there is no row; then nothing is written. */
async function writeRows(
  path: string,
  runId: string,
  parent: SavedRun,
  signal: AbortSignal,
): Promise<boolean> {
  let file: OutputFile | undefined
  try {
    for await (const row of rollbackRows(parent, signal)) {
      if (file === undefined) {
        openRunDirectory(join(parent.runsDir, runId))
        file = openOutputFile(path, 'run the same command again. Nothing was sent.')
      }
      file.write(rollbackLine(row))
    }
    file?.commit()
    return file !== undefined
  } catch (error) {
    file?.discard()
    throw error
  }
}

export interface RollbackPreview extends RollbackBuckets {
  readonly parent: string
  /** Customers that the run wrote to. */
  readonly customers: number
  /** Customers with fields that would be kept, and these fields; the first 1,000. */
  readonly changed: readonly { readonly customer: string; readonly fields: readonly string[] }[]
  /** Customers that Rapyd does not know any more, or that could not be read. */
  readonly missing: number
  readonly unreadable: number
  readonly requests: number
}

/** Customers and fields that are named at most. */
const mostNamed = 1_000

/** Rejects like `rollback`. */
export function previewRollback(
  options: RollbackOptions & ReadingWatch & Stoppable,
): Promise<RollbackPreview> {
  return withExistingStore(options, (store) => previewIn(store, options))
}

async function previewIn(
  store: Store,
  options: RollbackOptions & ReadingWatch & Stoppable,
): Promise<RollbackPreview> {
  const { run, ...own } = options
  const signal = signalOf(options)
  const parent = await openSavedRun(store, run, options.runsDir)
  using readings = openReadings('', 0)
  try {
    refuseRunning(parent)
    await acceptRun(store, parent.reader.stored, own, options)
    await refuseRollback(parent)
    const isLeft = (await findRollback(parent, signal)) !== undefined
    const rows = (): AsyncIterable<RollbackRow> | [] => (isLeft ? rollbackRows(parent, signal) : [])
    const fields = new Set<string>()
    for await (const row of rows()) {
      readings.want([row.customer])
      if ('put_back' in row) for (const path of Object.keys(row.put_back)) fields.add(fieldOf(path))
    }
    const requests = await readCustomersOf(parent, { options: own, watch: options, fields }, readings, signal)
    return { parent: parent.runId, ...(await previewOf(rows(), readings)), requests }
  } catch (error) {
    throw asInterruption(error, signal)
  }
}

async function previewOf(
  rows: AsyncIterable<RollbackRow> | [],
  readings: Readings,
): Promise<Omit<RollbackPreview, 'parent' | 'requests'>> {
  const counts = {
    restored: new Map<string, number>(),
    kept: new Map<string, number>(),
    impossible: new Map<string, number>(),
  }
  const changed: { customer: string; fields: readonly string[] }[] = []
  const lost = { missing: new Set<string>(), unreadable: new Set<string>() }
  for await (const row of rows) {
    const { customer } = row
    if ('impossible' in row) {
      countEach(counts.impossible, row.impossible, mostNamed)
      continue
    }
    const known = readings.known(customer) ?? 'unreadable'
    if (typeof known === 'string') {
      lost[known].add(customer)
      continue
    }
    const { kept, already } = toUndoPatch(row.put_back, known)
    countEach(
      counts.restored,
      Object.keys(row.put_back).filter((path) => !kept.includes(path) && !already.includes(path)),
      mostNamed,
    )
    countEach(counts.kept, kept, mostNamed)
    if (kept.length > 0 && changed.length < mostNamed)
      changed.push({ customer, fields: kept.slice(0, mostNamed) })
  }
  return {
    customers: readings.customers,
    restored: Object.fromEntries(counts.restored),
    kept: Object.fromEntries(counts.kept),
    not_possible: Object.fromEntries(counts.impossible),
    changed,
    missing: lost.missing.size,
    unreadable: lost.unreadable.size,
  }
}
