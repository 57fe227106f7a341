/** Holds the options of a command line to the table of flags, and names the nearest flag where there is none of that name. */
import { didYouMean, nearest } from '../domain/nearest.ts'
import { usage } from '../options.ts'
import { camelCase } from './arguments.ts'
import type { FlagValues } from './arguments.ts'
import type { CommandName } from './command-table.ts'
import { commandFlags } from './flags.ts'
import type { Flag } from './flags.ts'

interface NumberRange {
  readonly least: number
  readonly most?: number
  readonly example: number
}

/** Every flag that takes a number takes a whole one; 0 is allowed where nothing, or none in particular, can be meant. */
const numbers: ReadonlyMap<string, NumberRange> = new Map<string, NumberRange>([
  ['concurrency', { least: 1, most: 1_000, example: 16 }],
  ['latency', { least: 0, most: 2 ** 31 - 1, example: 50 }],
  ['limit', { least: 1, example: 5 }],
  ['port', { least: 0, most: 65_535, example: 4010 }],
  ['seed', { least: 0, example: 7 }],
])

/** Flags for which an empty text says something: no faults. */
const mayBeEmpty: ReadonlySet<string> = new Set(['faults'])

type Options = Readonly<Record<string, unknown>>

/** Throws USAGE for the first option that does not fit. `options` are by name as it was typed, and in camel case. */
export function checkOptions<Name extends CommandName>(
  command: Name,
  options: Options,
): asserts options is Options & FlagValues<Name> {
  const table = Object.entries<Flag>(commandFlags[command])
  for (const [key, value] of Object.entries(options)) {
    const found = table.find(([name]) => name === key || camelCase(name) === key)
    if (found === undefined) throw unknownOption(key, command)
    const [name, flag] = found
    checkValue(name, value, flag)
  }
}

function checkValue(name: string, value: unknown, flag: Flag): void {
  if (flag.array === true) {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw noValue(name)
    return
  }
  if (Array.isArray(value)) {
    throw usage('E_OPTION_REPEATED', `--${name} is given more than once`, 'Keep the one that is meant.')
  }
  if (flag.choices !== undefined) checkChoice(name, value, flag.choices)
  else if (flag.type === 'number') checkNumber(name, value)
  else if (typeof value !== flag.type || (value === '' && !mayBeEmpty.has(name))) throw noValue(name)
}

function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.some((choice) => choice === value)) return
  const near = typeof value === 'string' && value !== '' ? nearest(value, choices) : undefined
  throw usage(
    'E_OPTION_CHOICE',
    `--${name} is none of ${choices.join(', ')}`,
    `${didYouMean(near)}Write it like --${name} ${choices[0]}.`,
  )
}

function checkNumber(name: string, value: unknown): void {
  const { least, most, example } = numbers.get(name) ?? { least: 1, example: 1 }
  const whole = typeof value === 'number' && Number.isSafeInteger(value)
  if (whole && value >= least && value <= (most ?? value)) return
  throw usage(
    `E_OPTION_${name.toUpperCase()}`,
    `--${name} needs a whole number from ${least}${most === undefined ? ' on' : ` to ${most}`}`,
    `Write it like --${name} ${example}.`,
  )
}

function noValue(name: string) {
  return usage('E_OPTION_VALUE', `--${name} needs a value`, `Write it behind --${name}, or leave both out.`)
}

function unknownOption(key: string, command: CommandName) {
  const near = nearest(key, Object.keys(commandFlags[command]))
  return usage(
    'E_USAGE',
    `${command} has no option ${key.length === 1 ? `-${key}` : `--${key}`}`,
    `${near === undefined ? '' : `Did you mean --${near}? `}See rapyd-bulk ${command} --help.`,
  )
}
