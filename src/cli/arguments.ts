/** What yargs finds on a command line → the options and words of a command → the options of its job. */
import { isValue, programOptions } from '../config/job-options.ts'
import {
  toFlag,
  optionTable,
  options as table,
  type CommandName,
  type CommandOptions,
  type Option,
  type UpdateOptions,
} from '../config/options.ts'
import { isProduction, rapydHosts, resolveOrigin } from '../config/environment.ts'
import { invalidValue, parseDuration, usageError } from '../config/values.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { errorOf } from '../engine/errors.ts'
import { commands, subjects, wordsOf, type Words } from './command-table.ts'
import { say } from './terminal.ts'
import foreignWords from './foreign-words.json' with { type: 'json' }

/** What yargs makes of a line: options by name, as typed and in camel case; words, and those after `--`. */
export type ParsedLine = Readonly<Record<string, unknown>> & {
  readonly _: readonly unknown[]
  readonly '--'?: unknown
}

/** yargs takes a lone `-` after an option for a word (yargs/yargs-parser#472). No argument can hold a NUL. */
const hiddenDash = '\0-'

export function hideDashes(argv: readonly string[]): readonly string[] {
  return argv.map((argument) => (argument === '-' ? hiddenDash : argument))
}

function showDashes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(showDashes)
  return value === hiddenDash ? '-' : value
}

/** yargs reads every value of a switch but `true` as `false`: `--dry-run=yes` would send. Throws USAGE. */
export function refuseSwitchValues(argv: readonly string[]): void {
  const switches = [...optionTable].flatMap(([name, { type }]) => (type === 'boolean' ? [name] : []))
  const end = argv.indexOf('--')
  for (const argument of end < 0 ? argv : argv.slice(0, end)) {
    const [, typed, value = ''] = /^--([^=]+)=(.*)$/s.exec(argument) ?? []
    const name = switches.find((known) => known === typed || toFlag(known) === typed)
    if (name === undefined || value === 'true' || value === 'false') continue
    const flag = toFlag(name)
    throw errorOf('E_OPTION_VALUE', 'value_of_switch', { flag })
  }
}

/** The options that a command has on the command line. */
export function optionsFor(command: CommandName): readonly (readonly [name: string, option: Option])[] {
  return [...optionTable].filter(([, entry]) => entry.commands.includes(command) && entry.program !== true)
}

/** Throws USAGE for the first option that does not fit. */
export function readOptions<Name extends CommandName>(command: Name, line: ParsedLine): CommandOptions<Name> {
  const taken = optionsFor(command)
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(line)) {
    if (key === '_' || key === '--' || key === '$0') continue
    const [name, option] =
      taken.find(([known]) => [toFlag(known), camelCase(toFlag(known))].includes(key)) ?? []
    if (name === undefined || option === undefined)
      throw unknownOption(
        key,
        command,
        taken.map(([known]) => toFlag(known)),
      )
    options[name] = readValue(toFlag(name), option, showDashes(value))
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

function readValue(flag: string, option: Option, value: unknown): unknown {
  if (option.type === 'list') {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw missingValue(flag)
    return option.value === 'NAMES' ? value.flatMap(withParts) : value
  }
  if (Array.isArray(value)) throw errorOf('E_OPTION_REPEATED', 'repeated_option', { flag })
  if (typeof value === 'boolean' && option.type === 'boolean') return value
  if (typeof value !== 'string') throw missingValue(flag)
  if (option.choices !== undefined) return readChoice(flag, value, option.choices)
  if (option.type === 'number') return readNumber(flag, value, option.range)
  if (value === '' && option.mayBeEmpty !== true) throw missingValue(flag)
  if (option.type === 'duration') return parseDuration(flag, value)
  if (option.value === 'CHAR' && (value.length !== 1 || /["\r\n]/.test(value)))
    throw invalidValue('E_OPTION_DELIMITER', flag, value, 'use one character, such as ";"')
  return value
}

/** `a,b` is two names, and also one, because a name may hold a comma. */
function withParts(text: string): string[] {
  return text.includes(',') ? [text, ...text.split(',')] : [text]
}

function readChoice(flag: string, value: string, choices: readonly string[]): string {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const near = value === '' ? undefined : findNearest(value, choices)
  throw invalidValue('E_OPTION_CHOICE', flag, value, useOneOf(choices), didYouMean(near))
}

function useOneOf(choices: readonly string[]): string {
  return `use ${[choices.slice(0, -1).join(', '), choices.at(-1)].filter(Boolean).join(' or ')}`
}

/** An empty text is no number here: a script's variable may be unset. In JavaScript it is 0. */
function readNumber(flag: string, value: string, range: Option['range']): number {
  const { least = 0, most = Number.MAX_SAFE_INTEGER, example = least } = range ?? {}
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isSafeInteger(number) && number >= least && number <= most) return number
  const limit = range?.most === undefined ? 'or more' : `to ${most}`
  const use = `use a whole number, ${least} ${limit}, such as ${example}`
  throw invalidValue(`E_OPTION_${flag.toUpperCase()}`, flag, value, use)
}

function missingValue(flag: string): BulkUpdateError {
  return errorOf('E_OPTION_VALUE', 'missing_value', { flag })
}

/** For options of other programs, and words of earlier versions. */
function hintFor(typed: string): string | undefined {
  return Object.entries(foreignWords).find(([name]) => name === typed)?.[1]
}

function unknownOption(key: string, command: CommandName, known: readonly string[]): BulkUpdateError {
  const hint = hintFor(key)
  const near = findNearest(key, known)
  const meant = near === undefined ? '' : `Did you mean --${near}? `
  return usageError(
    `Unknown option: ${key.length === 1 ? '-' : '--'}${key}`,
    `${hint === undefined ? meant : `${hint} `}See rapyd-bulk ${command} --help.`,
  )
}

/** Names the words after a command. Throws USAGE if there are too many or too few. */
export function readWords<Name extends CommandName>(command: Name, line: ParsedLine): Words<Name> {
  const { subject, second } = commands[command]
  const names = [subject, second].filter((name) => name !== undefined)
  const words = [...line._.slice(1), line['--'] ?? []].flat().map((word) => String(showDashes(word)))
  const extra = words.slice(names.length)
  if (extra.length > 0)
    throw usageError(
      `Unexpected ${extra.length === 1 ? 'argument' : 'arguments'}: ${extra.join(', ')}`,
      `Quote names with spaces, and repeat an option for each of its values. See rapyd-bulk ${command} --help.`,
    )
  const named = Object.fromEntries(
    names.flatMap((name, at) => (words[at] === undefined ? [] : [[name, words[at]]])),
  )
  if (hasSubject(command, named)) return named
  const wanted = subject ?? 'input'
  const [word = '', choices] = [named[wanted], wordsOf(wanted)]
  const see = `See rapyd-bulk ${command} --help.`
  // An empty word counts as missing: a script's variable may be unset
  if (word === '' || choices === undefined)
    throw usageError(`Missing argument: <${wanted}>`, `Expected: ${subjects[wanted].help}. ${see}`)
  const hint = hintFor(word) ?? didYouMean(findNearest(word, choices)).trim()
  throw usageError(`Invalid ${wanted} "${word}": ${useOneOf(choices)}`, `${hint} ${see}`.trim())
}

function hasSubject<Name extends CommandName>(
  command: Name,
  named: Readonly<Record<string, string>>,
): named is Readonly<Record<string, string>> & Words<Name> {
  const { subject } = commands[command]
  if (subject === undefined) return true
  const { [subject]: word = '' } = named
  return wordsOf(subject)?.includes(word) ?? word !== ''
}

/** Where a command sends its requests. */
export type Destination = Partial<Pick<UpdateOptions, 'env' | 'baseUrl' | 'allowHost'>>

export type SenderOptions<Args> = Partial<Args> & Destination

/** The options of a job that sends or reads. `fallback` is the destination if the flags name none. */
export function senderOptions<Args extends Destination>(
  args: Args,
  fallback: Destination,
): { readonly options: SenderOptions<Args>; readonly production: boolean } {
  const { env: fallbackEnv = table.env.default } = fallback
  const env = args.env ?? fallbackEnv
  if (args.env !== undefined) refuseTwoHosts(args.env, args.baseUrl)
  const baseUrl =
    args.baseUrl ?? baseUrlOfEnvironment(args.env) ?? (env === fallbackEnv ? fallback.baseUrl : undefined)
  const { allowHost } = args
  return {
    options: {
      ...programOptions(args),
      env,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(allowHost === undefined ? {} : { allowHost }),
    },
    production: env !== 'simulator' && isProduction(resolveOrigin(env, baseUrl, allowHost)),
  }
}

/** Rows must not go to a test server while `--env production` says otherwise, nor to production by a forgotten variable. */
function refuseTwoHosts(env: NonNullable<Destination['env']>, baseUrl: string | undefined): void {
  if (env === 'simulator' || baseUrl === undefined) return
  if (URL.canParse(baseUrl) && new URL(baseUrl).origin === rapydHosts[env]) return
  throw errorOf('E_OPTION_CONFLICT', 'two_hosts', { env })
}

/** An explicit `--env` goes before the variable. An empty variable counts as not set, like those of the keys. */
function baseUrlOfEnvironment(env: Destination['env']): string | undefined {
  const baseUrl = process.env['RAPYD_BASE_URL'] || undefined
  if (env === undefined || baseUrl === undefined) return baseUrl
  say(`--env ${env} is given, so RAPYD_BASE_URL is ignored.`)
  return undefined
}
