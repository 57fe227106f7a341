/** A command line → words and options. One table for all commands does, because no flag is of another type with another command. */
import yargsParser from 'yargs-parser'
import { usage } from '../errors.ts'
import { flagOf, optionTable } from '../config/job-options.ts'
import type { Option } from '../config/options.ts'
import { camelCase } from './arguments.ts'
import { hideDash, showDashes } from './dash.ts'

export interface CommandLine {
  /** The command, and what stands behind it. */
  readonly words: readonly string[]
  /** By name as it was typed. Flags of the table have both spellings, `run-id` and `runId`; what the others hold is a guess. */
  readonly options: Readonly<Record<string, unknown>>
}

function namesOf(isWanted: (option: Option) => boolean): string[] {
  return [...optionTable].flatMap(([name, option]) => (isWanted(option) ? [flagOf(name)] : []))
}

/** Checks only what cannot be told afterwards. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const switches = namesOf(({ type }) => type === 'boolean')
  const numbers = namesOf(({ type }) => type === 'number')
  checkSwitches(argv, switches)
  const parsed = yargsParser(argv.map(hideDash), {
    // It compares each with every other, so names that are spelled in one way stay out.
    alias: Object.fromEntries(
      namesOf(() => true).flatMap((name) => (name === camelCase(name) ? [] : [[name, [camelCase(name)]]])),
    ),
    array: namesOf(({ type }) => type === 'list'),
    boolean: switches,
    string: namesOf(({ type }) => type !== 'boolean'),
    configuration: {
      'camel-case-expansion': false,
      'dot-notation': false,
      // A list takes one value an option, or it would swallow the input's name behind it.
      'greedy-arrays': false,
      'parse-positional-numbers': false,
    },
  })
  showDashes(parsed)
  for (const name of numbers.flatMap((flag) => [flag, camelCase(flag)])) {
    const value: unknown = parsed[name]
    if (typeof value === 'string') parsed[name] = numberIn(value)
  }
  const { _: words, ...options } = parsed
  return { words: words.map(String), options }
}

/** An empty text is 0 to JavaScript, and so to yargs-parser. A script's variable that was never set would be a number. */
function numberIn(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

/** yargs-parser takes whatever a switch is given, but for `true`, as `false`: `--dry-run=yes` would send. */
function checkSwitches(argv: readonly string[], switches: readonly string[]): void {
  const end = argv.indexOf('--')
  for (const argument of end < 0 ? argv : argv.slice(0, end)) {
    const [, typed, value = ''] = /^--([^=]+)=(.*)$/s.exec(argument) ?? []
    const name = switches.find((known) => known === typed || camelCase(known) === typed)
    if (name === undefined || value === 'true' || value === 'false') continue
    throw usage('E_OPTION_VALUE', `--${name} takes no value`, `Write --${name}, or --no-${name}.`)
  }
}
