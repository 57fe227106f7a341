/** Scripts that complete commands, options and their values, made of the two tables. They start no process at a tab. */
import { commandNames, commands, stateActions } from './command-table.ts'
import type { CommandName } from '../config/options.ts'
import { isPath } from '../config/job-options.ts'
import { flagsOf } from './flags.ts'
import type { Flag } from './flags.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export function completionScript(shell: Shell): string {
  return `${{ bash, zsh, fish }[shell]().join('\n')}\n`
}

/** Commands whose subject is one of a few words. */
const subjectWords: Readonly<Partial<Record<CommandName, readonly string[]>>> = {
  completion: shells,
  state: stateActions,
}

const allOptions = 'all options, with examples'

function bash(): readonly string[] {
  return [
    '# rapyd-bulk, bash: source this file, or put it into ~/.bashrc',
    '_rapyd_bulk() {',
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}',
    '  # Of --option=value, bash makes three words.',
    "  [[ $before == '=' ]] && before=${COMP_WORDS[COMP_CWORD-2]}",
    "  [[ $word == '=' ]] && word=",
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    COMPREPLY=($(compgen -W '${[...commandNames, '--help', '--version'].join(' ')}' -- "$word"))`,
    '    return',
    '  fi',
    '  case ${COMP_WORDS[1]}:$before in',
    ...commandNames.flatMap((name) =>
      flagsOf(name).flatMap(({ flag, option: { choices } }) =>
        choices === undefined
          ? []
          : [`    ${name}:--${flag}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word")); return ;;`],
      ),
    ),
    '  esac',
    '  if [[ $word == -* ]]; then',
    '    case ${COMP_WORDS[1]} in',
    ...commandNames.map(
      (name) => `      ${name}) COMPREPLY=($(compgen -W '${optionsOf(name).join(' ')}' -- "$word")) ;;`,
    ),
    '    esac',
    ...subjectLines(),
    '  fi',
    '}',
    'complete -o default -o bashdefault -F _rapyd_bulk rapyd-bulk',
  ]
}

/** Files are the shell's own default. */
function subjectLines(): readonly string[] {
  return Object.entries(subjectWords).flatMap(([name, words]) => [
    `  elif ((COMP_CWORD == 2)) && [[ \${COMP_WORDS[1]} == ${name} ]]; then`,
    `    COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word"))`,
  ])
}

function optionsOf(name: CommandName): readonly string[] {
  return [...flagsOf(name).map(({ flag }) => `--${flag}`), '--help']
}

function zsh(): readonly string[] {
  return [
    '#compdef rapyd-bulk',
    '# rapyd-bulk, zsh: a file named _rapyd-bulk in a folder of $fpath',
    '_rapyd-bulk() {',
    '  local -a commands=(',
    ...commandNames.map((name) => `    ${quoted(`${name}:${commands[name].summary}`)}`),
    '  )',
    '  if ((CURRENT == 2)) && [[ $PREFIX == -* ]]; then compadd -- --help --version; return; fi',
    '  if ((CURRENT == 2)); then _describe command commands; return; fi',
    '  case $words[2] in',
    ...commandNames.flatMap((name) => [
      `    ${name}) shift words; ((CURRENT--)); _arguments \\`,
      ...flagsOf(name).map((flag) => `      ${quoted(zshOption(flag))} \\`),
      `      '*--help[${allOptions}]' \\`,
      `      ${zshSubject(subjectWords[name])} ;;`,
    ]),
    '  esac',
    '}',
    '_rapyd-bulk "$@"',
  ]
}

function zshSubject(words: readonly string[] | undefined): string {
  return `${words === undefined ? '' : `'1:what:(${words.join(' ')})' `}'*:file:_files'`
}

function zshOption({ flag, option, describe, value }: Flag): string {
  const text = describe.replaceAll(/[[\]:]/g, (sign) => `\\${sign}`)
  const takes =
    option.choices !== undefined
      ? `:value:(${option.choices.join(' ')})`
      : isPath(option)
        ? ':file:_files'
        : ':value: '
  return value === '' ? `*--${flag}[${text}]` : `*--${flag}=[${text}]${takes}`
}

function fish(): readonly string[] {
  return [
    '# rapyd-bulk, fish: ~/.config/fish/completions/rapyd-bulk.fish',
    ...commandNames.map(
      (name) =>
        `complete -c rapyd-bulk -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(commands[name].summary)}`,
    ),
    'complete -c rapyd-bulk -n __fish_use_subcommand -l version',
    `complete -c rapyd-bulk -l help -d ${fishQuoted(allOptions)}`,
    ...commandNames.flatMap((name) =>
      flagsOf(name).map(
        (flag) =>
          `complete -c rapyd-bulk -n '${fishCommand(name)}' -l ${flag.flag}${fishValue(flag)} -d ${fishQuoted(flag.describe)}`,
      ),
    ),
    ...Object.entries(subjectWords).map(
      ([name, words]) =>
        `complete -c rapyd-bulk -n 'test (count (commandline -opc)) -eq 2; and ${fishCommand(name)}' -f -a '${words.join(' ')}'`,
    ),
  ]
}

/** The second word: what stands behind it, such as the name of a run, may be called like a command. */
function fishCommand(name: string): string {
  return `contains -- ${name} (commandline -opc)[2]`
}

function fishValue({ option, value }: Flag): string {
  if (value === '') return ''
  if (option.choices !== undefined) return ` -x -a '${option.choices.join(' ')}'`
  return isPath(option) ? ' -r' : ' -x'
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (sign) => `\\${sign}`)}'`
}
