/** The table of commands: the words after each, what it does, and examples. */
import type { CommandName, CommandOptions } from '../config/options.ts'
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
  /** Command lines and their purposes. */
  readonly examples: readonly (readonly [line: string, purpose: string])[]
  /** Further parts of the help, by heading: words and their meanings. */
  readonly lists?: Readonly<Record<string, readonly (readonly [word: string, meaning: string])[]>>
}

const table = {
  update: {
    subject: 'input',
    summary: 'Send every row of a file',
    examples: [
      ['rapyd-bulk update crm-export.csv', 'In the sandbox. The same command resumes a run that stopped'],
      ['rapyd-bulk update crm-export.csv --limit 5', 'Only the first five rows'],
      ['rapyd-bulk update crm-export.csv --env production', 'Asks before it sends'],
      ['zcat crm-export.csv.gz | rapyd-bulk update -', 'From a pipe. The same pipe resumes'],
      ['rapyd-bulk update crm-export.csv --env simulator --faults 500:2%', 'A rehearsal without keys'],
    ],
  },
  validate: {
    subject: 'input',
    summary: 'Check a file. Needs no network',
    examples: [
      ['rapyd-bulk validate crm-export.csv', 'Every defect with row, column and tip'],
      ['rapyd-bulk validate crm-export.csv --fix fixed.csv', 'Write a copy with all certain fixes'],
      ['rapyd-bulk validate crm-export.csv --strict --format-errors github', 'A step of a CI job'],
    ],
  },
  init: {
    subject: 'input',
    summary: 'Draft a mapping file',
    examples: [['rapyd-bulk init crm-export.csv', 'Write crm-export.mapping.yaml']],
  },
  plan: {
    subject: 'input',
    summary: 'Save what an update would change',
    examples: [
      ['rapyd-bulk plan crm-export.csv', 'The changes of each field, and the command to apply them'],
      ['rapyd-bulk plan crm-export.csv --show-values --out plan.ndjson', 'With what the fields hold'],
    ],
  },
  apply: {
    subject: 'plan',
    summary: 'Send what a plan says',
    examples: [
      ['rapyd-bulk apply plan.ndjson', 'Only the fields that the plan changes'],
      ['rapyd-bulk apply plan.ndjson --verify', 'No row whose customer has changed since'],
    ],
  },
  rollback: {
    subject: 'run',
    summary: 'Restore what a run changed',
    examples: [
      ['rapyd-bulk rollback crm-export-3f2a9c01d4 --dry-run', 'Show what would be restored'],
      ['rapyd-bulk rollback crm-export-3f2a9c01d4', 'Restore it. The same command resumes'],
    ],
  },
  verify: {
    subject: 'run',
    summary: 'Check that customers hold what a run wrote',
    examples: [
      ['rapyd-bulk verify crm-export-3f2a9c01d4 --sample 5%', '5% of the customers'],
      ['rapyd-bulk verify crm-export-3f2a9c01d4 --show-values', 'With what was written and is held'],
    ],
  },
  runs: {
    summary: 'List runs, or delete old ones',
    examples: [
      ['rapyd-bulk runs', 'Newest first'],
      ['rapyd-bulk runs --purge --older-than 30d', 'Delete runs that finished a month ago'],
    ],
  },
  report: {
    subject: 'run',
    summary: 'Write the files of a run again',
    examples: [
      ['rapyd-bulk report crm-export-3f2a9c01d4', 'How far it is, with a line for every row'],
      ['rapyd-bulk report crm-export-3f2a9c01d4 --junit errors.xml', 'For a CI server'],
    ],
  },
  redo: {
    subject: 'run',
    summary: 'Send again what a run did not update',
    examples: [
      ['rapyd-bulk redo crm-export-3f2a9c01d4', 'Rows that failed or are unknown'],
      ['rapyd-bulk redo crm-export-3f2a9c01d4 --from errors.csv', 'Fixed rows as well'],
    ],
  },
  state: {
    subject: 'action',
    second: 'input',
    summary: 'Manage the state of --only-changed',
    examples: [
      ['rapyd-bulk state show', 'Customers, sync runs, and sync runs that were skipped'],
      ['rapyd-bulk state forget --customer cus_…', 'Send this customer completely next time'],
      ['rapyd-bulk state baseline last-export.csv', 'Take a file as already applied'],
    ],
  },
  probe: {
    summary: 'Find out whether an account merges metadata or replaces it',
    examples: [
      [
        'rapyd-bulk probe --customer cus_…',
        'Sends one of its keys alone, with the value that it has; writes back what is gone',
      ],
      ['rapyd-bulk probe --show', 'What was found'],
    ],
  },
  store: {
    subject: 'check',
    summary: 'Examine the store, or accept one that was put back',
    examples: [
      ['rapyd-bulk store check', 'Every row that decides what is sent'],
      [
        'rapyd-bulk store check --restored',
        'After a copy was put back: open rows are read before they are sent',
      ],
    ],
  },
  simulator: {
    summary: 'Serve the embedded Rapyd on loopback',
    examples: [
      ['rapyd-bulk simulator --port 4010 --faults 500:2%', 'Rehearse with faults'],
      [
        'rapyd-bulk simulator --customers customers.ndjson --metadata replace',
        'A Rapyd that replaces metadata',
      ],
    ],
    lists: {
      'Faults, the request is not applied': listFaults(false),
      'Faults, the request is applied': listFaults(true),
      'Where they strike': Object.entries(faultSelectors),
    },
  },
  completion: {
    subject: 'shell',
    summary: 'Print a shell completion script',
    examples: [
      ['rapyd-bulk completion bash >> ~/.bashrc', 'bash'],
      ['rapyd-bulk completion zsh > "${fpath[1]}/_rapyd-bulk"', 'zsh'],
      ['rapyd-bulk completion fish > ~/.config/fish/completions/rapyd-bulk.fish', 'fish'],
    ],
  },
} as const satisfies Readonly<Record<CommandName, Command>>

type CommandTable = typeof table

type Subject<Of> = Of extends { readonly subject: infer Word extends string }
  ? Readonly<Record<Word, string>>
  : object
type Second<Of> = Of extends { readonly second: infer Word extends string }
  ? Readonly<Partial<Record<Word, string>>>
  : object

export type Words<Name extends CommandName> = Subject<CommandTable[Name]> & Second<CommandTable[Name]>

/** The options and words of a command. An option that was not given has no key. */
export type Arguments<Name extends CommandName> = CommandOptions<Name> & Words<Name>

export const commands: Readonly<Record<CommandName, Command>> = table

export const commandNames = Object.keys(commands).filter((name): name is CommandName => name in commands)
