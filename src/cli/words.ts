/** The words of a command line: the command, and what stands behind it. */
import { didYouMean, nearest } from '../domain/nearest.ts'
import { usage } from '../errors.ts'
import type { Positionals } from './arguments.ts'
import { commandNames, commands, subjects } from './command-table.ts'
import type { CommandName } from '../config/options.ts'

export function commandNamed(word: string | undefined): CommandName {
  const name = commandNames.find((known) => known === word)
  if (name !== undefined) return name
  throw usage(
    'E_USAGE',
    word === undefined ? 'no command is named' : `there is no command "${word}"`,
    `${didYouMean(word === undefined ? undefined : nearest(word, commandNames))}Commands: ${commandNames.join(', ')}. See rapyd-bulk --help.`,
  )
}

/** Gives the words behind a command their names. Throws USAGE where one is missing or too many stand there. */
export function positionalsOf<Name extends CommandName>(
  name: Name,
  words: readonly string[],
): Positionals<Name> {
  const { subject, second } = commands[name]
  const named: Record<string, string> = {}
  const rest = [...words]
  for (const position of [subject, second]) {
    if (position === undefined) continue
    const word = rest.shift()
    if (word !== undefined) named[position] = word
  }
  if (rest.length > 0) {
    throw usage(
      'E_USAGE',
      `Unexpected ${rest.length === 1 ? 'argument' : 'arguments'}: ${rest.join(', ')}`,
      `Quote names with spaces, and give an option for each of several values. See rapyd-bulk ${name} --help.`,
    )
  }
  if (hasSubject(name, named)) return named
  throw usage(
    'E_USAGE',
    `no ${subject ?? 'input'} is named${subject !== undefined && named[subject] === '' ? ': an empty text stands in its place' : ''}`,
    `Name ${subjects[subject ?? 'input']}. See rapyd-bulk ${name} --help.`,
  )
}

function hasSubject<Name extends CommandName>(
  name: Name,
  named: Readonly<Record<string, string>>,
): named is Readonly<Record<string, string>> & Positionals<Name> {
  const { subject } = commands[name]
  // What a script's variable gives that was never set names nothing.
  return subject === undefined || (named[subject] ?? '') !== ''
}
