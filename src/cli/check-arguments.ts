/** Holds what was typed to the table of flags, and names the nearest flag or command where there is none of that name. */
import { didYouMean, nearest } from '../domain/nearest.ts'
import { usage } from '../options.ts'
import { subjects } from './command-table.ts'
import { commandFlags } from './flags.ts'

interface Flag {
  readonly type?: 'string' | 'number' | 'boolean'
  readonly array?: boolean
  readonly choices?: readonly string[]
}

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

const notFlags: ReadonlySet<string> = new Set(['_', '$0', ...Object.keys(subjects)])

/** Throws USAGE for the first thing that does not fit. `args` is what yargs has made of the command line. */
export function checkArguments(args: Readonly<Record<string, unknown>>): void {
  const words = Array.isArray(args['_']) ? args['_'].map(String) : []
  const [command, ...more] = words
  const found = Object.entries(commandFlags).find(([name]) => name === command)
  if (found === undefined) throw noCommand(command)
  const [name, table] = found
  const flags = new Map<string, Flag>(Object.entries(table))
  for (const [key, value] of Object.entries(args)) {
    if (notFlags.has(key) || isSecondSpelling(key, args)) continue
    const flag = flags.get(key)
    if (flag === undefined) throw unknownOption(key, name, flags.keys())
    checkValue(key, value, flag)
  }
  if (more.length > 0) {
    throw usage(
      'E_USAGE',
      `${name} takes no further argument, and ${more.length === 1 ? 'one stands' : `${more.length} stand`} behind it`,
      `Quote names with spaces, and give an option for each of several values. See rapyd-bulk ${name} --help.`,
    )
  }
}

function checkValue(name: string, value: unknown, flag: Flag): void {
  if (flag.array === true) return
  if (Array.isArray(value)) {
    throw usage('E_OPTION_REPEATED', `--${name} is given more than once`, 'Keep the one that is meant.')
  }
  if (flag.type === 'number') checkNumber(name, value)
  else if (flag.choices !== undefined && !flag.choices.some((choice) => choice === value)) {
    throw usage(
      'E_OPTION_CHOICE',
      `--${name} is none of ${flag.choices.join(', ')}`,
      typeof value === 'string' && value !== ''
        ? `${didYouMean(nearest(value, flag.choices))}Write it like --${name} ${flag.choices[0]}.`
        : `Write it like --${name} ${flag.choices[0]}.`,
    )
  } else if (
    flag.type === 'string' &&
    (typeof value !== 'string' || (value === '' && !mayBeEmpty.has(name)))
  ) {
    throw usage('E_OPTION_VALUE', `--${name} needs a value`, `Write it behind --${name}, or leave both out.`)
  }
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

/** yargs gives `--run-id` as `runId` too. */
function isSecondSpelling(key: string, args: Readonly<Record<string, unknown>>): boolean {
  return (
    /[A-Z]/.test(key) &&
    Object.hasOwn(
      args,
      key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    )
  )
}

function unknownOption(key: string, command: string, known: Iterable<string>) {
  const near = nearest(key, known)
  return usage(
    'E_USAGE',
    `${command} has no option ${key.length === 1 ? `-${key}` : `--${key}`}`,
    `${near === undefined ? '' : `Did you mean --${near}? `}See rapyd-bulk ${command} --help.`,
  )
}

function noCommand(command: string | undefined) {
  const names = Object.keys(commandFlags)
  const near = command === undefined ? undefined : nearest(command, names)
  return usage(
    'E_USAGE',
    command === undefined ? 'no command is named' : `there is no command "${command}"`,
    `${didYouMean(near)}Commands: ${names.join(', ')}. See rapyd-bulk --help.`,
  )
}
