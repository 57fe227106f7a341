/** Shell completion: what fits the last word of a line, and the scripts that make shells ask for it. */
import { existsSync } from 'node:fs'
import { isPath, toFlag, toShownFlag, type CommandName } from '../config/options.ts'
import presets from '../mapping/presets.json' with { type: 'json' }
import { storePath, withStore } from '../store/open-store.ts'
import { exitCodes } from '../model/errors.ts'
import scripts from './completion-scripts.json' with { type: 'json' }
import { optionsFor } from './arguments.ts'
import { commandNames, commands, wordsOf, type Arguments, type subjects } from './command-table.ts'
import { print } from './terminal.ts'

/** `words` begin with the program. bash splits `--option=value` into three words. `areFiles`: names of files fit if nothing is offered. */
export async function findCompletions(words: readonly string[]) {
  const [, name, ...rest] = words.filter((word) => word !== '=')
  const current = words.at(-1) === '=' ? '' : (rest.pop() ?? name ?? '')
  const matching = (all: readonly string[], areFiles: boolean) => ({
    offered: all.filter((each) => each.startsWith(current)),
    areFiles,
  })
  if (words.length <= 2) return matching([...commandNames, '--help', '--version'], false)
  const command = commandNames.find((known) => known === name)
  if (command === undefined) return matching([], true)
  const [flag, value] = current.split('=')
  const option = findOption(command, value === undefined ? rest.at(-1) : flag)
  if (option !== undefined) {
    const values = option.values.map((each) => (value === undefined ? each : `${flag}=${each}`))
    return matching(values, option.isPath)
  }
  if (current.startsWith('-'))
    return matching([...optionsFor(command).map(([known]) => `--${toShownFlag(known)}`), '--help'], false)
  return matching(rest.length === 0 ? await subjectWords(commands[command].subject) : [], true)
}

/** Returns undefined if `typed` is no option, or takes no value. */
function findOption(command: CommandName, typed = '') {
  const [name, option] = optionsFor(command).find(([known]) => `--${toFlag(known)}` === typed) ?? []
  if (option === undefined || option.type === 'boolean') return undefined
  return { values: name === 'map' ? Object.keys(presets) : (option.choices ?? []), isPath: isPath(option) }
}

async function subjectWords(subject: keyof typeof subjects | undefined): Promise<readonly string[]> {
  const words = subject === undefined ? [] : wordsOf(subject)
  if (words !== undefined) return words
  if (subject !== 'run' || !existsSync(storePath({}))) return []
  return withStore({}, async (store) => (await store.runs()).map(({ stored }) => stored.id))
}

/** `completion`: prints the script for a shell. */
export function completion({ shell }: Arguments<'completion'>): number {
  // Scripts of our own, because those of yargs offer files for every value or for none. The status 1 means that files fit.
  print(`${scripts[shell].join('\n')}\n`)
  return exitCodes.OK
}
