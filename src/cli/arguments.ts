/** The types of what a command is given, made of the tables of commands and options. */
import type { CommandName, CommandOptions } from '../config/options.ts'
import type { CommandTable } from './command-table.ts'

type Subject<Of> = Of extends { readonly subject: infer Word extends string }
  ? Readonly<Record<Word, string>>
  : object
type Second<Of> = Of extends { readonly second: infer Word extends string }
  ? Readonly<Partial<Record<Word, string>>>
  : object

export type Positionals<Name extends CommandName> = Subject<CommandTable[Name]> & Second<CommandTable[Name]>

/** An option that was not given has no key. */
export type Arguments<Name extends CommandName> = CommandOptions<Name> & Positionals<Name>

/** `run-id` → `runId`. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_hyphen, letter: string) => letter.toUpperCase())
}
