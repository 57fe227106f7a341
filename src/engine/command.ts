/** The command that resumes a run, put together from the options that the run keeps. */
import { toFlag, optionTable } from '../config/options.ts'
import { isDefault } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import type { CommandName } from '../config/options.ts'
import type { RunRecord } from './record.ts'
import type { StoreOptions } from '../store/open-store.ts'

/** Where a run is found, and a host that each call has to name. */
export interface RunAddress extends StoreOptions {
  readonly allowHost?: string | undefined
}

export interface ResumableRun {
  readonly runId: string
  readonly record: RunRecord
}

/** The command that resumes a run that is not finished, as a user can type it. */
export function commandToResume({ runId, record }: ResumableRun): string {
  const { options, redo, planned, rollback } = record
  const { input, encoding: _, ...original } = options
  if (redo !== undefined) {
    // Without a fixed file, the input is read as the parent read it.
    const own = redo.isMended
      ? [`--from=${quoted(input)}`, ...flagsOf('redo', options)]
      : flagsOf('redo', original)
    return ['rapyd-bulk redo', quoted(redo.parent), ...own].join(' ')
  }
  if (rollback !== undefined)
    return ['rapyd-bulk rollback', quoted(rollback.parent), ...flagsOf('rollback', options)].join(' ')
  if (planned !== undefined)
    return [commandToApply(planned.plan, planned.isVerified), ...flagsOf('apply', options)].join(' ')
  const named = input === '-' ? { ...options, runId } : options
  return ['rapyd-bulk update', quoted(input), ...flagsOf('update', named)].join(' ')
}

/** The command that sends again what a finished run left not updated. */
export function commandToRedo(runId: string, place: RunAddress): string {
  return ['rapyd-bulk redo', quoted(runId), ...placeFlags(place)].join(' ')
}

/** The command that restores what a run changed. */
export function commandToRollback(runId: string, place: RunAddress): string {
  return ['rapyd-bulk rollback', quoted(runId), ...placeFlags(place)].join(' ')
}

/** The command that sends a plan. An apply reads each customer once anyway, so `--verify` costs nothing more. */
export function commandToApply(path: string, isVerified = true, { allowHost }: RunAddress = {}): string {
  const verify = isVerified ? ['--verify'] : []
  return ['rapyd-bulk apply', quoted(path), ...verify, ...placeFlags({ allowHost })].join(' ')
}

/** Such a run is found by its id, if its store is named. */
function placeFlags({ store, stateDir, allowHost }: RunAddress): readonly string[] {
  const flags = { store, 'state-dir': store === undefined ? stateDir : undefined, 'allow-host': allowHost }
  return Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}=${quoted(value)}`],
  )
}

function flagsOf(command: CommandName, given: Partial<RecordedOptions>): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const option = optionTable.get(name)
    if (option?.commands.includes(command) !== true || value === undefined || isDefault(option, value))
      return []
    const flag = toFlag(name)
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`]
    const values = name === 'ignoreColumns' && Array.isArray(value) ? asGiven(value) : [value].flat()
    return values.map((item) => `--${flag}=${quoted(String(item))}`)
  })
}

/** A text with commas is followed by the names that were read from it. They are left out, or they would be given twice. */
function asGiven(names: readonly unknown[]): readonly string[] {
  const texts: string[] = []
  for (let at = 0; at < names.length; at++) {
    const text = String(names[at])
    texts.push(text)
    if (text.includes(',')) at += text.split(',').length
  }
  return texts
}

/** As a POSIX shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
