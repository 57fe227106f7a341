/** The guard that refuses a damaged file, or one that differs from the last file of its name. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { refusal } from '../input/refusals.ts'
import { planHeader } from '../mapping/column-plans.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { isOutcome } from '../model/outcome.ts'
import type { Examiner } from '../model/ports.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'
import type { Run, Store } from '../model/store.ts'
import { runName } from '../store/run-directory.ts'
import { createBrokenRows, textDamage, typedColumns } from './damage.ts'
import { createCustomerSampler, findProfiledRun, mostFields, saveProfile } from './file-profile.ts'
import type { ProfiledRun } from './file-profile.ts'
import {
  compareCustomers,
  compareDamage,
  compareFields,
  compareRows,
  describeMisread,
  isComparable,
} from './profile-comparison.ts'
import type { ProfileDifference } from './profile-comparison.ts'
import { rulesOf } from './row-reader.ts'
import type { MappedInput } from './row-reader.ts'

export interface InputGuard {
  /** Sees the rows of the scan. */
  readonly watch: Examiner
  /** Returns what saves the profile with the run. Throws INPUT, E_UNLIKE_LAST or E_DAMAGED_FILE. */
  check(found: Scan): Promise<(run: Pick<Run, 'noteLater'>) => Promise<void>>
}

export interface InputGuardParts extends MappedInput {
  readonly store: Pick<Store, 'runs'>
  /** True if the run exists already. */
  readonly isKnown: boolean
  /** What the run is bound to. */
  readonly facts: Readonly<Record<'host' | 'account' | 'mapping', string>>
}

/**
 * Returns undefined if the run exists already, because its file was accepted then. Also for a redo or a plan
 * (their rows come from an accepted file) and a rollback (it has no file).
 */
export async function openInputGuard(
  { store, isKnown, facts, ...input }: InputGuardParts,
  { redo, planned, rollback }: Readonly<Partial<Record<'redo' | 'planned' | 'rollback', object | undefined>>>,
): Promise<InputGuard | undefined> {
  const isDerived = redo !== undefined || planned !== undefined || rollback !== undefined
  if (isDerived || isKnown) return undefined
  // CSV and NDJSON write addresses differently, so their fields cannot be compared.
  const key = { ...facts, name: `${runName(input.options.input)}.${input.head.format}` }
  // Standard input has no name, so its files cannot be told apart.
  const isNamed = input.options.input !== '-'
  const profiler = createFileProfiler(input, isNamed ? await findProfiledRun(store, key) : undefined)
  return {
    watch: profiler.watch,
    async check(found) {
      const { profile, refusal } = await profiler.finish(found)
      if (refusal !== undefined) throw refusal
      return async (run) => {
        if (isNamed) saveProfile(run, key, profile)
      }
    },
  }
}

/** Throws INPUT errors if the header cannot be matched. */
export function createFileProfiler(
  { file, head, mapping, options }: MappedInput,
  earlier: ProfiledRun | undefined,
) {
  const plans =
    head.format === 'csv' ? planHeader(head.header, options.ignoreColumns, mapping, rulesOf(options)) : []
  const broken = createBrokenRows(typedColumns(plans))
  const sampler = createCustomerSampler(earlier?.profile, isMisread)
  let row: Row | MalformedRow | undefined

  const watch: Examiner = {
    begin: (next) => {
      row = next
    },
    refused: () => {},
    read(read) {
      if (!isOutcome(read)) sampler.add(read)
      if (row !== undefined && isOutcome(read) && read.errorCode !== '') broken.bad(row, read.errorCode)
      else broken.good()
    },
    warned: () => {},
  }
  return {
    watch,
    /** Makes the profile after the scan, and decides if the file may be sent. */
    async finish(found: Scan) {
      const end = row === undefined ? 0 : row.offset + row.length
      const endsLine = (await file.read(end, 1)).length > 0
      const current = { ...countRows(found), endsLine, ...sampler.finish(), volatileFields: [] }
      const last = earlier !== undefined && isComparable(earlier.profile) ? earlier : undefined
      const verdict = broken.verdict(endsLine) ?? (last === undefined ? describeMisread(current) : undefined)
      const damage = verdict === undefined ? [] : [{ what: 'damage', text: verdict }]
      if (last === undefined) return { profile: current, refusal: createRefusal(damage, undefined, options) }
      const customers = last.isSameMapping
        ? compareCustomers(last.profile, sampler.shared)
        : { differences: [], volatileFields: [] }
      const profile = { ...current, volatileFields: customers.volatileFields }
      const differences = [
        ...(damage.length > 0 ? damage : compareDamage(last.profile, profile)),
        ...(options.expectRows === undefined ? compareRows(last.profile, profile) : []),
        ...(last.isSameMapping ? compareFields(last.profile, profile) : []),
        ...customers.differences,
      ]
      return { profile, refusal: createRefusal(differences, last, options) }
    },
  }
}

function isMisread(text: string, field: string): boolean {
  return textDamage(text, field === 'metadata', false, field)?.code === 'W_ENCODING'
}

function countRows({ rows, calls, invalid, set, cleared }: Scan) {
  const counted = [...set].filter(([field]) => set.size <= mostFields || !field.startsWith('metadata.'))
  const filled = counted.map(([field, count]) => [field, count - (cleared.get(field) ?? 0)] as const)
  return { rows, calls, invalid, filled: Object.fromEntries(filled) }
}

/** Further differences are only counted in the message. */
const mostNamed = 3

function createRefusal(
  differences: readonly ProfileDifference[],
  last: ProfiledRun | undefined,
  { acceptChange }: ResolvedOptions,
): BulkUpdateError | undefined {
  const accepted = new Set(acceptChange)
  const words = [...new Set(differences.map(({ what }) => what))].filter((what) => !accepted.has(what))
  if (words.length === 0 || accepted.has('all')) return undefined
  // The message has the first difference of each word.
  const open = words.flatMap((word) => differences.find(({ what }) => what === word)?.text ?? [])
  const more = open.length > mostNamed ? `; and ${open.length - mostNamed} more` : ''
  const texts = {
    differences: open.slice(0, mostNamed).join('; ') + more,
    words: words.length > mostNamed ? 'all' : words.join(','),
  }
  if (last === undefined) return refusal('E_DAMAGED_FILE', 'damagedFile', texts)
  const day = last.finishedAt.slice(0, 10)
  return refusal('E_UNLIKE_LAST', 'unlikeLast', { ...texts, runId: last.runId, day })
}
