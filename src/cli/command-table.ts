/** The table of commands: the words after each. What it does, and examples, are in `command-texts.json`. */
import type { CommandName, CommandOptions } from '../config/options.ts'
import texts from './command-texts.json' with { type: 'json' }
import faultKinds from '../simulator/fault-kinds.json' with { type: 'json' }
import faultSelectors from '../simulator/fault-selectors.json' with { type: 'json' }

/** The help of each kind of word after a command, and the words that fit if they are few. */
export const subjects = {
  input: { help: 'CSV or NDJSON file, or - for standard input' },
  plan: { help: 'A plan.ndjson that plan wrote' },
  run: { help: 'ID of a run, as runs lists it, or the path of its directory' },
  shell: { help: 'bash, zsh or fish', words: ['bash', 'zsh', 'fish'] },
  action: { help: 'show, forget, or baseline with a file', words: ['show', 'forget', 'baseline'] },
  check: { help: 'check', words: ['check'] },
} as const

type Subject = keyof typeof subjects

export function wordsOf(subject: Subject): readonly string[] | undefined {
  const { words }: { readonly help: string; readonly words?: readonly string[] } = subjects[subject]
  return words
}

function listFaults(applied: boolean): readonly (readonly [string, string])[] {
  return Object.entries(faultKinds).flatMap(([name, { summary, applies }]) =>
    applies === applied ? [[name, summary] as const] : [],
  )
}

interface Command {
  readonly subject?: Subject
  /** An optional word after the subject. */
  readonly second?: Subject
  readonly summary: string
  /** Purposes by command line. */
  readonly examples: Readonly<Record<string, string>>
  /** Further parts of the help, by heading: words and their meanings. */
  readonly lists?: Readonly<Record<string, readonly (readonly [word: string, meaning: string])[]>>
}

const table = {
  update: { subject: 'input', ...texts.update },
  validate: { subject: 'input', ...texts.validate },
  init: { subject: 'input', ...texts.init },
  plan: { subject: 'input', ...texts.plan },
  apply: { subject: 'plan', ...texts.apply },
  rollback: { subject: 'run', ...texts.rollback },
  verify: { subject: 'run', ...texts.verify },
  runs: { ...texts.runs },
  report: { subject: 'run', ...texts.report },
  redo: { subject: 'run', ...texts.redo },
  state: { subject: 'action', second: 'input', ...texts.state },
  probe: { ...texts.probe },
  store: { subject: 'check', ...texts.store },
  simulator: {
    lists: {
      'Faults, the request is not applied': listFaults(false),
      'Faults, the request is applied': listFaults(true),
      'Where they strike': Object.entries(faultSelectors),
    },
    ...texts.simulator,
  },
  completion: { subject: 'shell', ...texts.completion },
} as const satisfies Readonly<Record<CommandName, Command>>

type NameOf<Name extends CommandName, Place extends 'subject' | 'second'> = (typeof table)[Name] extends {
  readonly [Key in Place]: infer Word extends Subject
}
  ? Word
  : never

type ValueOfWord<Name extends Subject> = (typeof subjects)[Name] extends {
  readonly words: readonly (infer Word)[]
}
  ? Word
  : string

export type Words<Name extends CommandName> = {
  readonly [Word in NameOf<Name, 'subject'>]: ValueOfWord<Word>
} & { readonly [Second in NameOf<Name, 'second'>]?: string }

/** The options and words of a command. An option that was not given has no key. */
export type Arguments<Name extends CommandName> = CommandOptions<Name> & Words<Name>

export const commands: Readonly<Record<CommandName, Command>> = table

export const commandNames = Object.keys(commands).filter((name): name is CommandName => name in commands)
