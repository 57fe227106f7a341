/** The table of commands: the words after each. What it does, and examples, are in `command-texts.json`. */
import type { CommandName, CommandOptions } from '../config/options.ts'
import texts from './command-texts.json' with { type: 'json' }
import faultKinds from '../simulator/fault-kinds.json' with { type: 'json' }
import faultSelectors from '../simulator/fault-selectors.json' with { type: 'json' }

/** The help of each kind of word after a command. */
export const subjects = {
  input: 'CSV or NDJSON file, or - for standard input',
  plan: 'A plan.ndjson that plan wrote',
  run: 'ID of a run, as runs lists it, or the path of its directory',
  shell: 'bash, zsh or fish',
  action: 'show, forget, or baseline with a file',
  check: 'check',
} as const

function listFaults(applied: boolean): readonly (readonly [string, string])[] {
  return Object.entries(faultKinds).flatMap(([name, { summary, applies }]) =>
    applies === applied ? [[name, summary] as const] : [],
  )
}

export const stateActions = ['show', 'forget', 'baseline'] as const
export const shells = ['bash', 'zsh', 'fish'] as const

interface Command {
  readonly subject?: keyof typeof subjects
  /** An optional word after the subject. */
  readonly second?: keyof typeof subjects
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

type WordOf<Name extends CommandName, Place extends 'subject' | 'second'> = (typeof table)[Name] extends {
  readonly [Key in Place]: infer Word extends string
}
  ? Word
  : never

export type Words<Name extends CommandName> = Readonly<Record<WordOf<Name, 'subject'>, string>> &
  Readonly<Partial<Record<WordOf<Name, 'second'>, string>>>

/** The options and words of a command. An option that was not given has no key. */
export type Arguments<Name extends CommandName> = CommandOptions<Name> & Words<Name>

export const commands: Readonly<Record<CommandName, Command>> = table

export const commandNames = Object.keys(commands).filter((name): name is CommandName => name in commands)
