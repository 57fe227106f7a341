/** The types of what a command is given, made of the tables of commands and flags. */
import type { CommandName, CommandTable } from './command-table.ts'
import type { commandFlags, Flag } from './flags.ts'

export type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

type Value<Of extends Flag> = Of extends { readonly array: true }
  ? string[]
  : Of extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : Of extends { readonly type: 'number' }
      ? number
      : Of extends { readonly type: 'boolean' }
        ? boolean
        : string

type Values<Flags> = {
  readonly [Name in keyof Flags & string as CamelCase<Name>]?: Flags[Name] extends Flag
    ? Value<Flags[Name]>
    : never
}

/** A flag that was not given has no key. */
export type FlagValues<Name extends CommandName> = Values<(typeof commandFlags)[Name]>

type Subject<Of> = Of extends { readonly subject: infer Word extends string }
  ? Readonly<Record<Word, string>>
  : object
type Second<Of> = Of extends { readonly second: infer Word extends string }
  ? Readonly<Partial<Record<Word, string>>>
  : object

export type Positionals<Name extends CommandName> = Subject<CommandTable[Name]> & Second<CommandTable[Name]>

export type Arguments<Name extends CommandName> = FlagValues<Name> & Positionals<Name>

/** `run-id` → `runId`. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_hyphen, letter: string) => letter.toUpperCase())
}
