/** The manual page, in the macros of man(7), made of the two tables. */
import { exitCodes } from '../errors.ts'
import type { ExitName } from '../errors.ts'
import { commandNames, commands, usageOf } from './command-table.ts'
import type { CommandName } from '../config/options.ts'
import { flagsOf } from './flags.ts'

const exits: Readonly<Record<ExitName, string>> = {
  OK: 'every row updated or unchanged',
  ROWS: 'finished; some rows are not',
  USAGE: 'options, credentials, guards, confirmation: nothing sent',
  INPUT: 'the file cannot be trusted: nothing (more) sent',
  AUTH: 'Rapyd refuses the credentials or the clock',
  REMOTE: 'outage, block or --max-errors: the same command goes on',
  LOCAL: 'disk or journal: the same command goes on',
  BUSY: 'another process holds this run',
  BUG: 'an error that was not foreseen',
  SIGINT: 'interrupted: the same command goes on',
  SIGTERM: 'terminated: the same command goes on',
}

const environment = [
  ['RAPYD_ACCESS_KEY, RAPYD_SECRET_KEY', 'the keys; they are never taken from arguments'],
  ['RAPYD_ACCESS_KEY_FILE, RAPYD_SECRET_KEY_FILE', 'files with one key each, that only their owner can read'],
  ['RAPYD_BASE_URL', 'stands for --base-url'],
  ['NO_COLOR', 'no colours, where it is not empty'],
  ['XDG_STATE_HOME', 'below it lies rapyd-bulk, the folder of --state-dir'],
] as const

export function manPage(version: string): string {
  const lines = [
    `.TH RAPYD\\-BULK 1 "" "rapyd\\-bulk ${version}"`,
    '.SH NAME',
    'rapyd\\-bulk \\- update many Rapyd customers from one CSV or NDJSON file',
    '.SH SYNOPSIS',
    '.B rapyd\\-bulk',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    'One signed, rate\\-limited, retried call for each row, and a complete account of every row afterwards.',
    'A run that was stopped goes on with the same command; a row that was answered is never sent again.',
    'The result goes to standard output, progress and messages to standard error. The last line says what to do next.',
    '.SH COMMANDS',
    ...commandNames.flatMap(commandLines),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([name, code]) =>
      entry(String(code), isExit(name) ? exits[name] : ''),
    ),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([name, text]) => entry(name, text)),
    '.SH FILES',
    ...entry(
      'rapyd-runs/<run id>/',
      'results, errors, summary.json, report.html, run.log and journal.db of a run',
    ),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(name: CommandName): readonly string[] {
  const { summary, examples } = commands[name]
  return [
    `.SS ${escaped(usageOf(name))}`,
    escaped(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`),
    ...flagsOf(name).flatMap(({ flag, value, describe }) => entry(`--${flag} ${value}`.trim(), describe)),
    '.PP',
    'Examples:',
    ...examples.flatMap(([line, purpose]) => entry(line, purpose)),
  ]
}

function entry(term: string, text: string): readonly string[] {
  return ['.TP', `.B ${escaped(term)}`, ...(text === '' ? [] : [escaped(text)])]
}

/** Hyphens that are to be copied as such, signs beyond ASCII, and those that begin a request at the start of a line. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll('"', String.raw`\(dq`)
    .replaceAll(
      /[^\0-~]/g,
      (sign) => `\\[u${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^(?=[.'])/, String.raw`\&`)
}

function isExit(name: string): name is ExitName {
  return name in exits
}
