/** One table of commands, beside that of flags: help, completion and the man page are made of the two. */
import type { CommandName } from '../config/options.ts'

/** What a command is about, and how it is named where it is missing. */
export const subjects = {
  input: 'a CSV or NDJSON file, or - for standard input',
  plan: 'a plan.ndjson that `plan` wrote',
  run: 'the id of a run, as `runs` lists it, or the path of its directory',
  shell: 'bash, zsh or fish',
  action: 'show, forget, rebuild, or baseline with a file behind it',
} as const

export const stateActions = ['show', 'forget', 'rebuild', 'baseline'] as const

export interface Command {
  readonly subject?: keyof typeof subjects
  /** What may stand behind the subject. */
  readonly second?: keyof typeof subjects
  readonly summary: string
  /** Command lines and what they are for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[]
}

const table = {
  update: {
    subject: 'input',
    summary: 'check the file, send every row, write results, errors, summary and page',
    examples: [
      ['rapyd-bulk update crm-export.csv', 'the sandbox’s customers; the same command goes on after a stop'],
      ['rapyd-bulk update crm-export.csv --limit 5', 'a canary: the first five rows'],
      ['rapyd-bulk update crm-export.csv --env production', 'production asks before it sends'],
      ['zcat crm-export.csv.gz | rapyd-bulk update -', 'from a pipe; piped again, it goes on'],
      [
        'rapyd-bulk update crm-export.csv --env simulator --faults 500:2%',
        'a rehearsal: no keys, no network, and some things go wrong',
      ],
    ],
  },
  validate: {
    subject: 'input',
    summary: 'check the file without a network and without credentials',
    examples: [
      ['rapyd-bulk validate crm-export.csv', 'every defect with its row, column and remedy'],
      ['rapyd-bulk validate crm-export.csv --fix mended.csv', 'mend what is certain, list each change'],
      ['rapyd-bulk validate crm-export.csv --strict --format-errors github', 'a step of a CI job'],
    ],
  },
  init: {
    subject: 'input',
    summary: 'draft a mapping file from a header and what stands below it',
    examples: [
      ['rapyd-bulk init crm-export.csv', 'write crm-export.mapping.yaml, with a comment for each column'],
    ],
  },
  plan: {
    subject: 'input',
    summary: 'read every customer of the file and write down what update would change; changes nothing',
    examples: [
      ['rapyd-bulk plan crm-export.csv', 'before → after for each field, and the command to apply it'],
      ['rapyd-bulk plan crm-export.csv --show-values --out plan.ndjson', 'with what the fields hold'],
    ],
  },
  apply: {
    subject: 'plan',
    summary: 'send just what a plan says, and keep what each customer held before',
    examples: [
      ['rapyd-bulk apply plan.ndjson', 'only the fields that the plan changes'],
      ['rapyd-bulk apply plan.ndjson --verify', 'and no row whose customer has changed since'],
    ],
  },
  rollback: {
    subject: 'run',
    summary: 'put back what a run changed, where it still holds what the run wrote',
    examples: [
      ['rapyd-bulk rollback crm-export-3f2a9c01d4 --dry-run', 'what would be put back, and what not'],
      ['rapyd-bulk rollback crm-export-3f2a9c01d4', 'put it back; the same command goes on after a stop'],
    ],
  },
  verify: {
    subject: 'run',
    summary: 'read back what a run updated, and say which fields hold something else by now',
    examples: [
      ['rapyd-bulk verify crm-export-3f2a9c01d4 --sample 5%', 'five customers of a hundred'],
      [
        'rapyd-bulk verify crm-export-3f2a9c01d4 --show-values',
        'all of them, with what was written and is held',
      ],
    ],
  },
  runs: {
    summary: 'list runs: state, rows, and the command to go on with; or delete old ones',
    examples: [
      ['rapyd-bulk runs', 'what there is, newest first'],
      ['rapyd-bulk runs --purge --older-than 30d', 'delete what was finished a month ago'],
    ],
  },
  report: {
    subject: 'run',
    summary: 'write results, errors, summary and page of a run again, also while it goes on',
    examples: [
      ['rapyd-bulk report crm-export-3f2a9c01d4', 'how far it is, with a line for every row'],
      ['rapyd-bulk report crm-export-3f2a9c01d4 --junit errors.xml', 'for a CI server'],
    ],
  },
  redo: {
    subject: 'run',
    summary: 'send again what a finished run left not updated',
    examples: [
      ['rapyd-bulk redo crm-export-3f2a9c01d4', 'rows that failed or are in doubt, once more'],
      ['rapyd-bulk redo crm-export-3f2a9c01d4 --from errors.csv', 'rows that were mended as well'],
    ],
  },
  state: {
    subject: 'action',
    second: 'input',
    summary: 'what is known for --only-changed: show it, forget, rebuild it, or take a file as applied',
    examples: [
      ['rapyd-bulk state show', 'customers, nights, and nights that were skipped'],
      ['rapyd-bulk state forget --customer cus_…', 'the next night sends this customer whole'],
      ['rapyd-bulk state rebuild', 'make it again from the journals of its runs'],
      ['rapyd-bulk state baseline last-export.csv', 'take a file as applied: tonight sends what differs'],
    ],
  },
  simulator: {
    summary: 'serve the embedded Rapyd customers API on loopback',
    examples: [['rapyd-bulk simulator --port 4010 --faults 500:2%', 'rehearse against faults']],
  },
  completion: {
    subject: 'shell',
    summary: 'print what makes a shell complete commands, options and their values',
    examples: [
      ['rapyd-bulk completion bash >> ~/.bashrc', ''],
      ['rapyd-bulk completion zsh > "${fpath[1]}/_rapyd-bulk"', ''],
      ['rapyd-bulk completion fish > ~/.config/fish/completions/rapyd-bulk.fish', ''],
    ],
  },
} as const satisfies Readonly<Record<CommandName, Command>>

/** With each command's own words, for the types of its arguments. */
export type CommandTable = typeof table

export const commands: Readonly<Record<CommandName, Command>> = table

export const commandNames = Object.keys(commands).filter((name): name is CommandName => name in commands)

/** `update <input>` */
export function usageOf(name: CommandName): string {
  const { subject } = commands[name]
  return subject === undefined ? name : `${name} <${subject}>`
}
