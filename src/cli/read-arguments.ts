/** What yargs found on a command line → the options and words of a command. Throws USAGE for the first that does not fit. */
import { isValue } from '../config/job-options.ts'
import { toFlag, optionTable } from '../config/options.ts'
import type { CommandName, CommandOptions, Option } from '../config/options.ts'
import { invalidValue, parseDuration } from '../config/values.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { usage } from '../model/errors.ts'
import { commands, subjects } from './command-table.ts'
import type { Words } from './command-table.ts'

/** What yargs makes of a line: options by name, as typed and in camel case; words, and those after `--`. */
export type Found = Readonly<Record<string, unknown>> & {
  readonly _: readonly unknown[]
  readonly '--'?: unknown
}

/** yargs takes a lone `-` after an option for a word of its own (yargs/yargs-parser#472). No argument holds a NUL. */
const hiddenDash = '\0-'

export function hideDashes(argv: readonly string[]): readonly string[] {
  return argv.map((argument) => (argument === '-' ? hiddenDash : argument))
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown)
  return value === hiddenDash ? '-' : value
}

/** yargs takes whatever a switch is given, but for `true`, as `false`: `--dry-run=yes` would send. */
export function refuseSwitchValues(argv: readonly string[]): void {
  const switches = [...optionTable].flatMap(([name, { type }]) => (type === 'boolean' ? [name] : []))
  const end = argv.indexOf('--')
  for (const argument of end < 0 ? argv : argv.slice(0, end)) {
    const [, typed, value = ''] = /^--([^=]+)=(.*)$/s.exec(argument) ?? []
    const name = switches.find((known) => known === typed || toFlag(known) === typed)
    if (name === undefined || value === 'true' || value === 'false') continue
    const flag = toFlag(name)
    throw usage('E_OPTION_VALUE', `--${flag} takes no value`, `Write --${flag}, or --no-${flag}.`)
  }
}

export function readOptions<Name extends CommandName>(command: Name, found: Found): CommandOptions<Name> {
  const taken = [...optionTable].filter(
    ([, { commands: takers, program }]) => takers.includes(command) && program !== true,
  )
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(found)) {
    if (key === '_' || key === '--' || key === '$0') continue
    const [name, option] =
      taken.find(([known]) => [toFlag(known), camelCase(toFlag(known))].includes(key)) ?? []
    if (name === undefined || option === undefined)
      throw unknownOption(
        key,
        command,
        taken.map(([known]) => toFlag(known)),
      )
    options[name] = read(toFlag(name), option, shown(value))
  }
  if (!areOptions(command, options)) throw new Error('an option of another type than its table says')
  return options
}

function camelCase(flag: string): string {
  return flag.replace(/-(.)/g, (_hyphen, letter: string) => letter.toUpperCase())
}

function areOptions<Name extends CommandName>(command: Name, found: object): found is CommandOptions<Name> {
  return Object.entries(found).every(([name, value]) => {
    const option = optionTable.get(name)
    return option?.commands.includes(command) === true && isValue(option, value)
  })
}

function read(flag: string, option: Option, value: unknown): unknown {
  if (option.type === 'list') {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw noValue(flag)
    return option.value === 'NAMES' ? value.flatMap(namesIn) : value
  }
  if (Array.isArray(value))
    throw usage('E_OPTION_REPEATED', `--${flag} is given more than once`, 'Keep the one that is meant.')
  if (typeof value === 'boolean' && option.type === 'boolean') return value
  if (typeof value !== 'string') throw noValue(flag)
  if (option.choices !== undefined) return choiceOf(flag, value, option.choices)
  if (option.type === 'number') return numberOf(flag, value, option.range)
  if (value === '' && option.mayBeEmpty !== true) throw noValue(flag)
  if (option.type === 'duration') return parseDuration(flag, value)
  if (option.value === 'CHAR' && (value.length !== 1 || /["\r\n]/.test(value)))
    throw invalidValue('E_OPTION_DELIMITER', flag, value, 'use one character, such as ";"')
  return value
}

/** `a,b` is two names; a name may hold a comma itself, so the whole is one too. */
function namesIn(text: string): string[] {
  return text.includes(',') ? [text, ...text.split(',')] : [text]
}

function choiceOf(flag: string, value: string, choices: readonly string[]): string {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const use = `use ${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`
  const near = value === '' ? undefined : findNearest(value, choices)
  throw invalidValue('E_OPTION_CHOICE', flag, value, use, didYouMean(near))
}

/** An empty text is 0 to JavaScript. A script's variable that was never set would be a number. */
function numberOf(flag: string, value: string, range: Option['range']): number {
  const { least = 0, most = Number.MAX_SAFE_INTEGER, example = least } = range ?? {}
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isSafeInteger(number) && number >= least && number <= most) return number
  const limit = range?.most === undefined ? 'or more' : `to ${most}`
  const use = `use a whole number, ${least} ${limit}, such as ${example}`
  throw invalidValue(`E_OPTION_${flag.toUpperCase()}`, flag, value, use)
}

function noValue(flag: string): BulkUpdateError {
  return usage('E_OPTION_VALUE', `--${flag} needs a value`, `Write it after --${flag}, or leave both out.`)
}

function unknownOption(key: string, command: CommandName, known: readonly string[]): BulkUpdateError {
  const near = findNearest(key, known)
  return usage(
    'E_USAGE',
    `Unknown option: ${key.length === 1 ? '-' : '--'}${key}`,
    `${near === undefined ? '' : `Did you mean --${near}? `}See rapyd-bulk ${command} --help.`,
  )
}

/** Gives the words after a command their names. */
export function readWords<Name extends CommandName>(command: Name, found: Found): Words<Name> {
  const { subject, second } = commands[command]
  const names = [subject, second].filter((name) => name !== undefined)
  const words = [...found._.slice(1), found['--'] ?? []].flat().map((word) => String(shown(word)))
  const extra = words.slice(names.length)
  if (extra.length > 0)
    throw usage(
      'E_USAGE',
      `Unexpected ${extra.length === 1 ? 'argument' : 'arguments'}: ${extra.join(', ')}`,
      `Quote names with spaces, and repeat an option for each of its values. See rapyd-bulk ${command} --help.`,
    )
  const named = Object.fromEntries(
    names.flatMap((name, at) => (words[at] === undefined ? [] : [[name, words[at]]])),
  )
  if (hasSubject(command, named)) return named
  throw usage(
    'E_USAGE',
    `Missing argument: <${subject ?? 'input'}>`,
    `Expected: ${subjects[subject ?? 'input']}. See rapyd-bulk ${command} --help.`,
  )
}

/** An empty text names nothing: it is what a script's variable gives that was never set. */
function hasSubject<Name extends CommandName>(
  command: Name,
  named: Readonly<Record<string, string>>,
): named is Readonly<Record<string, string>> & Words<Name> {
  const { subject } = commands[command]
  return subject === undefined || (named[subject] ?? '') !== ''
}
