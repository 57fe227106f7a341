/** The command that goes on with a run, put together from what the run keeps of its options. */
import type { RecordedOptions, RunRecord } from './record.ts'
import { keptInput } from './input.ts'

export interface RunToGoOn {
  readonly runId: string
  readonly directory: string
  readonly record: RunRecord
}

/** Names of the flags, where they are not the option's own name with hyphens. */
const flagNames: Readonly<Record<string, string>> = { literals: 'literal' }

/** What is not worth a flag. */
const defaults: Readonly<Record<string, string>> = { env: 'sandbox', resultsFormat: 'csv' }

/** Those that a redo takes; the others are its parent's. */
const redoFlags = new Set<string>([
  'env',
  'baseUrl',
  'allowHost',
  'rate',
  'reserve',
  'concurrency',
  'runsDir',
  'stateDir',
  'maxErrors',
  'maxClears',
  'strict',
  'readBack',
  'backup',
  'resultsFormat',
  'faults',
  'seed',
])

/** `update …` or `redo …` of a run that is not finished, to be typed as it stands. */
export function commandToGoOn({ runId, directory, record }: RunToGoOn): string {
  const { options, redo, planned, rollback } = record
  const { input, ...flags } = options
  if (redo !== undefined) {
    const from = redo.isMended ? [`--from=${quoted(input)}`] : []
    const own = onlyOwn(flags)
    return ['rapyd-bulk redo', quoted(redo.parent), ...from, ...flagsOf(own)].join(' ')
  }
  // Both keep before-images in any case.
  const { backup: _, ...own } = onlyOwn(flags)
  if (rollback !== undefined)
    return ['rapyd-bulk rollback', quoted(rollback.parent), ...flagsOf(own)].join(' ')
  if (planned !== undefined) {
    const named = options.runId === undefined ? own : { ...own, runId }
    return [commandToApply(planned.plan, planned.isVerified), ...flagsOf(named)].join(' ')
  }
  const path = input === '-' ? keptInput(directory) : input
  const named = input === '-' ? { ...flags, runId } : flags
  return ['rapyd-bulk update', quoted(path), ...flagsOf(named)].join(' ')
}

function onlyOwn(flags: Partial<RecordedOptions>): Partial<RecordedOptions> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => redoFlags.has(name)))
}

/** The command that sends again what a finished run left not updated. */
export function commandToRedo(runId: string, runsDir: string | undefined): string {
  return ['rapyd-bulk redo', quoted(runId), ...flagsOf(runsDir === undefined ? {} : { runsDir })].join(' ')
}

/** The command that puts back what a run changed. */
export function commandToRollback(runId: string, runsDir: string | undefined): string {
  return ['rapyd-bulk rollback', quoted(runId), ...flagsOf(runsDir === undefined ? {} : { runsDir })].join(
    ' ',
  )
}

/** The command that sends a plan. Every apply reads each customer once, for its before-image: to judge what it reads is the better offer. */
export function commandToApply(path: string, isVerified = true): string {
  return `rapyd-bulk apply ${quoted(path)}${isVerified ? ' --verify' : ''}`
}

function flagsOf(options: Partial<RecordedOptions>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${flagNames[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (value === undefined || (value === false && name !== 'readBack')) return []
    if (name === 'readBack') return value === false ? ['--no-read-back'] : []
    if (value === true) return [flag]
    if (defaults[name] === value) return []
    const values = name === 'ignoreColumns' && Array.isArray(value) ? asGiven(value) : [value].flat()
    return values.map((item) => `${flag}=${quoted(String(item))}`)
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
