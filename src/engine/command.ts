/** The command that resumes a run, put together from the options that the run keeps. */
import { toFlag, optionTable } from '../config/options.ts'
import { isDefault } from '../config/job-options.ts'
import type { RecordedOptions } from '../config/job-options.ts'
import type { CommandName } from '../config/options.ts'
import type { RunRecord } from './record.ts'
import { keptInput } from './input.ts'

export interface ResumableRun {
  readonly runId: string
  readonly directory: string
  readonly record: RunRecord
}

/** `update …` or `redo …` of a run that is not finished, to be typed as it stands. */
export function commandToResume({ runId, directory, record }: ResumableRun): string {
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
  const path = input === '-' ? keptInput(directory) : input
  const named = input === '-' ? { ...options, runId } : options
  return ['rapyd-bulk update', quoted(path), ...flagsOf('update', named)].join(' ')
}

/** The command that sends again what a finished run left not updated. */
export function commandToRedo(runId: string, runsDir: string | undefined): string {
  return [
    'rapyd-bulk redo',
    quoted(runId),
    ...flagsOf('redo', runsDir === undefined ? {} : { runsDir }),
  ].join(' ')
}

/** The command that puts back what a run changed. */
export function commandToRollback(runId: string, runsDir: string | undefined): string {
  return [
    'rapyd-bulk rollback',
    quoted(runId),
    ...flagsOf('rollback', runsDir === undefined ? {} : { runsDir }),
  ].join(' ')
}

/** The command that sends a plan. Every apply reads each customer once, for its before-image: checking what it reads costs nothing more. */
export function commandToApply(path: string, isVerified = true): string {
  return `rapyd-bulk apply ${quoted(path)}${isVerified ? ' --verify' : ''}`
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

/** Behind a text with commas stand the names that were read in it; given again, they would be there twice. */
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
