/** `--help`, made of the two tables. By hand, because the library that parses takes longer to load than this takes to read. */
import { commandNames, commands, subjects, usageOf } from './command-table.ts'
import type { CommandName } from '../config/options.ts'
import { flagsOf } from './flags.ts'

const widest = 100
const about = 'Updates many Rapyd customers from one CSV or NDJSON file.'

/** `columns` is the width of the terminal. */
export function helpText(name: CommandName | undefined, columns: number): string {
  const width = Math.min(widest, Math.max(20, columns))
  return `${(name === undefined ? general(width) : ofCommand(name, width)).join('\n')}\n`
}

function general(width: number): readonly string[] {
  return [
    'Usage: rapyd-bulk <command> [options]',
    '',
    ...wrapped(about, width),
    '',
    'Commands:',
    ...table(
      commandNames.map((name) => [usageOf(name), commands[name].summary]),
      width,
    ),
    '',
    'Options:',
    ...table(
      [
        ['-h, --help', 'this, or with a command all its options'],
        ['--version', 'the version number'],
      ],
      width,
    ),
    '',
    ...wrapped('Begin with: rapyd-bulk validate FILE, then rapyd-bulk update FILE --env simulator', width),
  ]
}

function ofCommand(name: CommandName, width: number): readonly string[] {
  const { subject, second, summary, examples } = commands[name]
  return [
    `Usage: rapyd-bulk ${usageOf(name)}${second === undefined ? '' : ` [${second}]`} [options]`,
    '',
    ...wrapped(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`, width),
    ...(subject === undefined ? [] : ['', ...table([[`<${subject}>`, subjects[subject]]], width)]),
    ...(second === undefined ? [] : table([[`[${second}]`, subjects[second]]], width)),
    '',
    'Options:',
    ...table(
      [
        ...flagsOf(name).map(({ flag, value, describe }): Entry => [`--${flag} ${value}`.trim(), describe]),
        ['-h, --help', 'this'],
      ],
      width,
    ),
    '',
    'Examples:',
    ...examples.flatMap((example) => exampleLines(example, width)),
  ]
}

function exampleLines([line, purpose]: Entry, width: number): readonly string[] {
  const lines = purpose === '' ? [] : wrapped(purpose, width - 6)
  return [`  ${line}`, ...lines.map((text) => `      ${text}`)]
}

type Entry = readonly [term: string, text: string]

/** Terms on the left, texts beside them; below them where a term is too long or the screen too narrow. */
function table(entries: readonly Entry[], width: number): readonly string[] {
  const most = width < 60 ? 0 : 26
  const left = Math.max(0, ...entries.map(([term]) => term.length).filter((length) => length <= most))
  return entries.flatMap(([term, text]) => {
    if (term.length > left) {
      const indent = ' '.repeat(left === 0 ? 6 : left + 4)
      return [`  ${term}`, ...wrapped(text, width - indent.length).map((line) => `${indent}${line}`)]
    }
    const [first = '', ...more] = wrapped(text, width - left - 4)
    return [`  ${term.padEnd(left)}  ${first}`, ...more.map((line) => `${' '.repeat(left + 4)}${line}`)]
  })
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
