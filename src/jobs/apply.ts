/** `apply`: a run that sends just what a saved plan says, over the input that the plan was made from. */
import { hash } from 'node:crypto'
import { resolve } from 'node:path'
import { runJob, type UpdateResult } from '../engine/run-job.ts'
import { createDriftPrecondition, scanPlanned, openPlan, type SavedPlan } from '../engine/plan-source.ts'
import { errorOf } from '../engine/errors.ts'
import { inheritOptions, readRecordedOptions, type RecordedOptions } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import type { PlanHead } from '../engine/plan-format.ts'
import { refuseGoneInput, removePlanInput } from './plan-directory.ts'
import { acceptManifest } from '../engine/signed-manifest.ts'
import { signalOf, type Stoppable } from '../engine/program-options.ts'
import { runDigest } from '../engine/identity.ts'
import type { Watch } from '../engine/watch.ts'
import { checkRunId, freshRunId, runName } from '../store/run-directory.ts'
import { refuseOtherDestination } from '../engine/saved-run.ts'

/** As for an update. The plan says how the input is read and, by default, which host is called. */
export interface ApplyOptions extends OptionsOf<'apply'> {
  /** The path of a plan. */
  readonly plan: string
  /**
   * Refuse rows whose customer does not hold what the plan says. Each customer is read for its before-image anyway; this adds one GET
   * for each further row of a customer. Default false.
   */
  readonly verify?: boolean
}

/** As `bulkUpdate`. Rejects with INPUT if the plan, its input or its mapping has changed, and with USAGE for another account. */
export async function apply(options: ApplyOptions & Watch & Stoppable): Promise<UpdateResult> {
  const { plan: path, verify = false, ...own } = options
  const plan = await openPlan(resolve(path))
  try {
    const { head } = plan
    const planned = optionsIn(head, path)
    await acceptPlan(plan, planned, options)
    refuseGoneInput(head.input.path)
    const result = await runJob(
      {
        ...inheritOptions('apply', planned, own),
        ...own,
        // What is cleared was guarded when the plan was made, among all rows that have a call.
        maxClears: '100%',
        backup: true,
        input: head.input.path,
      },
      options,
      signalOf(options),
      {
        kind: 'apply',
        planned: { plan: plan.path, sha256: head.sha256, isVerified: verify },
        precondition: verify ? createDriftPrecondition(plan) : undefined,
        async runIdOf({ binding, runsDir, store }) {
          refuseOther(head, binding)
          const digest = hash('sha256', `${runDigest(binding)}\n${head.sha256}`, 'hex').slice(0, 10)
          const wanted =
            own.runId === undefined ? `${runName(planned.input)}-${digest}` : checkRunId(own.runId)
          return own.newRun === true ? freshRunId(store, runsDir, wanted) : wanted
        },
        scan: (parts) => scanPlanned(plan, parts),
      },
    )
    // A redo can still send rows that are left, and reads the input again.
    if (result.exitCode === 0 && result.isFinished) removePlanInput(head.input.path)
    return result
  } finally {
    await plan.close()
  }
}

/** Throws like `acceptManifest`. */
function acceptPlan(
  { path, head, signAnew }: SavedPlan,
  { map = '', runsDir = '' }: RecordedOptions,
  options: ApplyOptions & Watch,
): Promise<void> {
  const { host, account, counts, sha256: text, signature } = head
  const { rows } = counts
  const paths = [head.input.path, map, runsDir]
  const manifest = {
    what: `the plan ${path}`,
    file: path,
    host,
    account,
    rows,
    paths,
    text,
    signature,
    signAnew,
  }
  return acceptManifest(manifest, options, options)
}

/** The host and environment of a plan, which its apply inherits. Throws like `openPlan`. */
export async function wherePlanGoes(path: string): Promise<Partial<RecordedOptions>> {
  const plan = await openPlan(resolve(path))
  await plan.close()
  return inheritOptions('verify', optionsIn(plan.head, path), {})
}

function optionsIn({ options }: PlanHead, path: string): RecordedOptions {
  const found = readRecordedOptions(options)
  if (found !== undefined) return found
  throw errorOf('E_PLAN', 'plan_without_options', { path })
}

function refuseOther(head: PlanHead, binding: Readonly<Record<string, string>>): void {
  refuseOtherDestination('the plan', head, binding)
  if (binding['input'] !== head.input.sha256)
    throw errorOf('E_INPUT_CHANGED', 'not_as_planned', { what: `${head.input.path} is` })
  if (binding['mapping'] !== head.mapping_sha256)
    throw errorOf('E_MAPPING_CHANGED', 'not_as_planned', { what: 'the mapping file is' })
}
