/** Checks the options of a command line against the table, and names the nearest option if there is none of that name. */
import { isValue, optionTable } from '../config/job-options.ts'
import type { CommandName, CommandOptions, Option } from '../config/options.ts'
import { invalidValue, parseDuration } from '../config/values.ts'
import { didYouMean, nearest } from '../domain/nearest.ts'
import { usage } from '../errors.ts'
import { camelCase } from './arguments.ts'
import { flagsOf } from './flags.ts'
import type { Flag } from './flags.ts'

/** Throws USAGE for the first option that does not fit. `given` is by name as it was typed, and in camel case. */
export function checkOptions<Name extends CommandName>(
  command: Name,
  given: Readonly<Record<string, unknown>>,
): CommandOptions<Name> {
  const flags = flagsOf(command)
  const found = Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const known = flags.find(({ flag }) => flag === key || camelCase(flag) === key)
      if (known === undefined) throw unknownOption(key, command)
      return [known.name, read(known, value)]
    }),
  )
  if (!isChecked(command, found)) throw new Error('an option of another type than its table says')
  return found
}

function isChecked<Name extends CommandName>(command: Name, found: object): found is CommandOptions<Name> {
  return Object.entries(found).every(([name, value]) => {
    const option = optionTable.get(name)
    return option?.commands.includes(command) === true && isValue(option, value)
  })
}

function read({ flag, option }: Flag, value: unknown): unknown {
  if (option.type === 'list') {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw noValue(flag)
    return option.value === 'NAMES' ? value.flatMap(namesIn) : value
  }
  if (Array.isArray(value))
    throw usage('E_OPTION_REPEATED', `--${flag} is given more than once`, 'Keep the one that is meant.')
  if (option.type === 'boolean') {
    if (typeof value !== 'boolean') throw noValue(flag)
    return value
  }
  if (option.type === 'number') return numberOf(flag, value, option.range)
  if (option.choices !== undefined) return choiceOf(flag, value, option.choices)
  if (typeof value !== 'string' || (value === '' && option.mayBeEmpty !== true)) throw noValue(flag)
  if (option.type === 'duration') return parseDuration(flag, value)
  if (option.value === 'CHAR' && (value.length !== 1 || /["\r\n]/.test(value)))
    throw invalidValue('E_OPTION_DELIMITER', flag, value, 'use one character, such as ";"')
  return value
}

/** `a,b` is two names; a name may hold a comma itself, so the whole is one too. */
function namesIn(text: string): string[] {
  return text.includes(',') ? [text, ...text.split(',')] : [text]
}

function choiceOf(flag: string, value: unknown, choices: readonly string[]): string {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const text = typeof value === 'string' ? value : ''
  const error = `Invalid --${flag} "${text}": use ${listOf(choices)}`
  const near = text === '' ? undefined : nearest(text, choices)
  throw usage(
    'E_OPTION_CHOICE',
    error,
    `${didYouMean(near)}Correct it and run the command again. Nothing was sent.`,
  )
}

function listOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

function numberOf(flag: string, value: unknown, range: Option['range']): number {
  const { least = 0, most } = range ?? {}
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= (most ?? value))
    return value
  throw invalidValue(
    `E_OPTION_${flag.toUpperCase()}`,
    flag,
    typeof value === 'string' || typeof value === 'number' ? String(value) : '',
    `use a whole number from ${least}${most === undefined ? ' on' : ` to ${most}`}, such as ${range?.example ?? least}`,
  )
}

function noValue(flag: string) {
  return usage('E_OPTION_VALUE', `--${flag} needs a value`, `Write it after --${flag}, or leave both out.`)
}

function unknownOption(key: string, command: CommandName) {
  const near = nearest(
    key,
    flagsOf(command).map(({ flag }) => flag),
  )
  return usage(
    'E_USAGE',
    `Unknown option: ${key.length === 1 ? `-${key}` : `--${key}`}`,
    `${near === undefined ? '' : `Did you mean --${near}? `}See rapyd-bulk ${command} --help.`,
  )
}
