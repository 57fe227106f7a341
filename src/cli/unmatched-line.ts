/** The note about names of `--ignore-columns` that stand nowhere in the file. */
import { printable } from '../domain/printable.ts'
import type { UnmatchedName } from '../mapping/unmatched-names.ts'

const mostNames = 5

/** Nothing where all of them match. */
export function unmatchedLine(unmatched: readonly UnmatchedName[]): string | undefined {
  if (unmatched.length === 0) return undefined
  const names = unmatched
    .slice(0, mostNames)
    .map(({ name, nearest }) => `"${name}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}`)
  const more = unmatched.length - names.length
  if (more > 0) names.push(`${more} more`)
  return printable(`Note: --ignore-columns sets aside what this file does not have: ${names.join(', ')}`)
}
