/** What the command says of itself: its commands, and the options of each. */
import { spawnSync } from 'node:child_process'
import { program, usualEnvironment } from './command.ts'

function help(...args: readonly string[]): string {
  const { stdout } = spawnSync(process.execPath, [program, ...args, '--help'], {
    encoding: 'utf8',
    env: usualEnvironment(import.meta.dirname),
  })
  return stdout
}

export function commandNames(): readonly string[] {
  const [, list = ''] = /^Commands:\n((?: .*\n)+)/m.exec(help()) ?? []
  return [...list.matchAll(/^ {2}(?:rapyd-bulk )?([a-z]+)\b/gm)].map(([, name = '']) => name)
}

/** Long names without their dashes. */
export function optionNames(command: string): readonly string[] {
  return [...help(command).matchAll(/^ {2,6}(?:-\w, )?--([a-z][a-z-]+)/gm)].map(([, name = '']) => name)
}
