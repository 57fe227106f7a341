/** The options of a job: their defaults, which of them a run records, and which of these a later job inherits. */
import { resolve } from 'node:path'
import type { JsonObject, JsonValue } from '../model/json.ts'
import {
  isPath,
  groups,
  optionTable,
  type Job,
  type NamesWith,
  type Option,
  type OptionName,
  type options,
  type UpdateOptions,
  type ValueOf,
} from './options.ts'

/** In milliseconds. A server that was never reached is more often a wrong name than an outage. `maxOutageMs` overrides it. */
const firstOutageMs = 60_000

type DefaultName = Exclude<
  NamesWith<{ readonly default: unknown } | { readonly type: 'list' | 'boolean' }>,
  NamesWith<{ readonly cli: true }> | keyof typeof groups.Simulator
>

type Defaults = { readonly [Name in DefaultName]: ValueOf<(typeof options)[Name]> }

export type Resolved<Given> = Given &
  Defaults & {
    /** Replaces `maxOutageMs` until the first call was answered. */
    readonly firstOutageMs: number
  }

export type ResolvedOptions = Resolved<UpdateOptions>

const defaults: Readonly<Record<string, unknown>> = Object.fromEntries(
  [...optionTable]
    .filter(([name, { cli }]) => cli !== true && !(name in groups.Simulator))
    .map(([name, { type, default: value }]) => [name, value ?? defaultOf(type)])
    .filter(([, value]) => value !== undefined),
)

function defaultOf(type: Option['type']): unknown {
  if (type === 'list') return []
  return type === 'boolean' ? false : undefined
}

/** Fills in every default. Resolved options stay as they are. */
export function resolveOptions<Given extends Partial<UpdateOptions>>(given: Given): Resolved<Given> {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const resolved = {
    firstOutageMs: given.maxOutageMs ?? firstOutageMs,
    ...given,
    ...defaults,
    ...stated,
  }
  if (!hasDefaults(resolved)) throw new Error('an option has no default')
  return resolved
}

function hasDefaults<Given extends object>(given: Given): given is Given & Defaults {
  return Object.keys(defaults).every((name) => Object.hasOwn(given, name))
}

/** The options that a run records. */
export type RecordedOptions = Pick<
  UpdateOptions,
  'input' | (NamesWith<{ readonly recorded: readonly Job[] }> & keyof UpdateOptions)
>

/** The options to record: only those that differ from the default, with absolute paths. Keys are never recorded. */
export function recordedOptions(
  given: Readonly<Partial<Record<OptionName | 'input', JsonValue | undefined>>>,
): JsonObject {
  const { input } = given
  const kept: Record<string, JsonValue> = {}
  if (input !== undefined) kept['input'] = typeof input === 'string' && input !== '-' ? resolve(input) : input
  for (const [name, value] of Object.entries(given)) {
    const option = optionTable.get(name)
    if (option?.recorded === undefined || value === undefined || isDefault(option, value)) continue
    kept[name] = isPath(option) && typeof value === 'string' ? resolve(value) : value
  }
  return kept
}

export function isDefault(option: Option, value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : value === (option.default ?? defaultOf(option.type))
}

/** Returns undefined if a value has another type than in the table: then another version has recorded it. */
export function readRecordedOptions(found: JsonObject): RecordedOptions | undefined {
  return isRecorded(found) ? found : undefined
}

function isRecorded(found: JsonObject): found is JsonObject & RecordedOptions {
  if (typeof found['input'] !== 'string') return false
  return [...optionTable].every(([name, option]) => {
    const value = found[name]
    return option.recorded === undefined || value === undefined || isValue(option, value)
  })
}

/** True if the table allows a value of this type. */
export function isValue({ type, choices }: Option, value: unknown): boolean {
  if (choices !== undefined) return choices.some((choice) => choice === value)
  if (type === 'list') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  return typeof value === (type === 'duration' ? 'number' : (type ?? 'string'))
}

/** The options in `from` that are wanted. */
export function pickOptions<From extends object>(
  from: From,
  isWanted: (option: Option) => boolean,
): Partial<From> {
  const picked: Partial<From> = {}
  for (const name in from) {
    const option = optionTable.get(name)
    if (option !== undefined && from[name] !== undefined && isWanted(option)) picked[name] = from[name]
  }
  return picked
}

/** The options of a command line that a function of the library takes. */
export function programOptions<From extends object>(from: From): Partial<From> {
  return pickOptions(from, ({ cli, program }) => cli !== true && program !== true)
}

/** The options that a job inherits from a run or a plan. `own` are the options that were given to the job itself. */
export function inheritOptions(
  job: Job,
  from: RecordedOptions,
  own: Pick<UpdateOptions, 'env'>,
): Partial<RecordedOptions> {
  const hasOwnEnv = own.env !== undefined
  return pickOptions(
    from,
    ({ recorded = [], ofEnv }) => recorded.includes(job) && !(hasOwnEnv && ofEnv === true),
  )
}
