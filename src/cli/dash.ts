/**
 * A lone `-`, past yargs: as the value of a positional it would come out as an empty text (yargs/yargs-parser#381), and
 * an empty text is what an unset variable of a script gives, which must not wait for standard input.
 */

/** No argument of a real command line holds a NUL. */
const hidden = '\0-'

export function hideDash(argument: string): string {
  return argument === '-' ? hidden : argument
}

/** Puts every `-` back, among positionals and in the values of flags. */
export function showDashes(args: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(args)) {
    if (value === hidden) args[name] = '-'
    else if (Array.isArray(value)) args[name] = value.map((item: unknown) => (item === hidden ? '-' : item))
  }
}
