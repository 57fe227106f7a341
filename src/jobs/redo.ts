/** `redo`: another run, over the retryable rows of a finished run. */
import { join, resolve } from 'node:path'
import { runJob, type UpdateResult } from '../engine/run-job.ts'
import { createDriftPrecondition, scannerOf, openPlanOf, type SavedPlan } from '../engine/plan-source.ts'
import { inheritOptions } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { guardOf } from '../validation/guards.ts'
import { errorOf } from '../engine/errors.ts'
import { signalOf, type Stoppable } from '../engine/program-options.ts'
import { findRetryableRows, readRedo } from '../engine/redo-source.ts'
import { commandToResume, commandToRollback } from '../engine/record.ts'
import type { JobDefinition } from '../engine/parts.ts'
import type { Watch } from '../engine/watch.ts'
import { inputNotKept } from '../engine/run-input.ts'
import { writtenIn } from '../engine/open-input.ts'
import {
  findOpenRedos,
  nextChildId,
  refuseOlderRedo,
  isRollbackBegun,
  openSavedRun,
  refuseOtherDestination,
  refuseRunning,
  type SavedRun,
} from '../engine/saved-run.ts'
import { acceptRun } from '../engine/signed-manifest.ts'
import type { Store } from '../model/store.ts'
import { shellWord } from '../model/text.ts'
import { withExistingStore } from '../store/open-store.ts'

/** As for an update. The input is read as the parent read it; `encoding` is that of `from`. */
export interface RedoOptions extends OptionsOf<'redo'> {
  /** The id of a run in the store, or the path of its directory. */
  readonly run: string
  /** The `errors` file of the run, fixed. Without it, rows that are not `invalid` are sent again from the original input. */
  readonly from?: string
}

export type RedoResult =
  | (UpdateResult & { readonly parent: string; readonly skipped: number })
  /** Every row of the run, or of the fixed file, is updated by now. */
  | {
      readonly parent: string
      readonly nothingLeft: true
      /** Rows of the run that are invalid and need a fixed file. */
      readonly toMend: number
    }

/** As `bulkUpdate`. Rejects with USAGE if the run is not finished, and with BUSY if it is running. */
export function redo(options: RedoOptions & Watch & Stoppable): Promise<RedoResult> {
  return withExistingStore(options, (store) => redoIn(store, options))
}

async function redoIn(store: Store, options: RedoOptions & Watch & Stoppable): Promise<RedoResult> {
  const { run, from, ...own } = options
  const parent = await openSavedRun(store, run, options.runsDir)
  await acceptRun(store, parent.reader.stored, own, options)
  let plan: SavedPlan | undefined
  let toMend = 0
  try {
    refuseRunning(parent)
    refuseUnfinished(parent)
    refuseRedoOfRollback(parent)
    await refuseOlderRedo(parent)
    const mayReread = rereadingOptions.some((name) => own[name] !== undefined)
    const left = [...(await findRetryableRows(parent)).rows.values()]
    toMend = left.filter(({ outcome }) => outcome === 'invalid').length
    const nothingLeft = { parent: parent.runId, nothingLeft: true, toMend } as const
    if (left.length === (from === undefined && !mayReread ? toMend : 0)) return nothingLeft
    const input = from === undefined ? parent.record.options.input : resolve(from)
    if (input === '-')
      throw inputNotKept(
        parent.runId,
        `Send its errors file: rapyd-bulk redo ${parent.runId} --from ${shellWord(join(parent.directory, `errors.${parent.record.format}`))}`,
      )
    const { planned } = parent.record
    if (planned !== undefined && from !== undefined)
      throw errorOf('E_REDO_PLAN', 'redo_of_plan', { runId: parent.runId })
    plan = planned === undefined ? undefined : await openPlanOf(planned)
    const scanRows = scannerOf(plan)
    let skipped = 0
    const job: JobDefinition = {
      kind: 'redo',
      redo: { parent: parent.runId, isMended: from !== undefined },
      planned,
      precondition:
        plan !== undefined && planned?.isVerified === true ? createDriftPrecondition(plan) : undefined,
      async runIdOf({ binding }) {
        const isReread = binding['mapping'] !== parent.binding.mapping
        if (isReread && mayReread && planned !== undefined)
          throw errorOf('E_REDO_PLAN', 'redo_of_plan', { runId: parent.runId })
        if (isReread && !mayReread)
          throw errorOf('E_MAPPING_CHANGED', 'not_as_begun', {
            what: 'the mapping file is',
            runId: parent.runId,
          })
        return redoId(parent, from !== undefined, binding)
      },
      async scan(parts) {
        const reading = await readRedo(parent, from !== undefined, parts, scanRows)
        const { scan } = reading
        if (scan.calls === 0 && scan.invalid === 0 && scan.unchanged === scan.rows && reading.skipped === 0)
          throw new NothingLeft()
        skipped = reading.skipped
        const { isReread, ...scanned } = reading
        if (from !== undefined || isReread || own.maxClears !== undefined) return scanned
        // These rows have passed the guard among all rows of their run.
        return { ...scanned, refusal: guardOf(scan, { ...parts.options, maxClears: '100%' }) }
      },
    }
    const result = await runJob(
      {
        ...inheritOptions('redo', parent.record.options, own),
        ...own,
        // `encoding` is that of a fixed file; the original is read as it was.
        ...(from === undefined ? writtenIn(parent.binding) : {}),
        input,
        runsDir: parent.runsDir,
      },
      options,
      signalOf(options),
      job,
    )
    return { ...result, parent: parent.runId, skipped }
  } catch (error) {
    if (error instanceof NothingLeft) return { parent: parent.runId, nothingLeft: true, toMend }
    throw error
  } finally {
    await plan?.close()
  }
}

/** Options with which rows are read in another way than by the run: also those that were invalid. */
const rereadingOptions = ['map', 'blank', 'nullValues', 'literals'] as const

/** Ends the scan of a file without a retryable row. */
class NothingLeft extends Error {}

function refuseUnfinished({ runId, record, isFinished }: SavedRun): void {
  if (isFinished) return
  throw errorOf('E_RUN_OPEN', 'open_parent', { runId, command: commandToResume({ runId, record }) })
}

/** What a rollback left, the next rollback of the same run restores: it reads the customers again. */
function refuseRedoOfRollback({ runId, record }: SavedRun): void {
  const { rollback } = record
  if (rollback === undefined) return
  throw errorOf('E_REDO_ROLLBACK', 'redo_of_rollback', {
    runId,
    command: commandToRollback(rollback.parent, record.options),
  })
}

/** The unfinished redo of the same input, or a new one. Refuses what would mix two inputs, hosts or accounts. */
async function redoId(
  parent: SavedRun,
  isMended: boolean,
  binding: Readonly<Record<string, string>>,
): Promise<string> {
  refuseOtherDestination(`run ${parent.runId}`, parent.binding, binding)
  if (!isMended && binding['input'] !== parent.binding.input)
    throw errorOf('E_INPUT_CHANGED', 'not_as_begun', { what: 'the input is', runId: parent.runId })
  for (const open of await findOpenRedos(parent)) {
    if (await isRollbackBegun(open)) continue
    const isSame = open.record.redo?.parent === parent.runId && open.record.redo.isMended === isMended
    if (isSame && open.binding.input === binding['input']) return open.runId
    throw errorOf('E_RUN_OPEN', 'open_redo', {
      runId: open.runId,
      parent: parent.runId,
      command: commandToResume(open),
    })
  }
  return nextChildId(parent, 'redo')
}
