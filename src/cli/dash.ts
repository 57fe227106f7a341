/**
 * A lone `-`, past yargs-parser: behind an option it would be no value but a word of its own, and leave the option empty
 * (yargs/yargs-parser#472).
 */

/** No argument of a real command line holds a NUL. */
const hidden = '\0-'

export function hideDash(argument: string): string {
  return argument === '-' ? hidden : argument
}

/** Puts every `-` back, among words and in the values of options. */
export function showDashes(args: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(args)) {
    if (value === hidden) args[name] = '-'
    else if (Array.isArray(value)) args[name] = value.map((item: unknown) => (item === hidden ? '-' : item))
  }
}
