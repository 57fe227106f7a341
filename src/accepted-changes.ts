/** What `acceptChange` names: the words by which a file's differences from the last one of its name are taken. */
import { didYouMean, nearest, normalise } from './domain/nearest.ts'
import { nearestPath, targetOf } from './mapping/targets.ts'
import { usage } from './errors.ts'
import { customerFields } from './rapyd/customer-fields.ts'

const wholes = ['rows', 'damage', 'all'] as const
const names = [...wholes, ...customerFields.map(({ name }) => name)]

/**
 * The words as the comparison has them: `rows`, `damage`, `all` or the path of a field. Each of `given` is one of them, or
 * several with commas. Throws USAGE, E_OPTION_ACCEPT_CHANGE, for one that names nothing: it would accept nothing.
 */
export function acceptedChanges(given: readonly string[]): readonly string[] {
  const words = given.flatMap((text) => {
    const whole = wordOf(text)
    const parts = text.split(',')
    const named = parts.flatMap((part) => wordOf(part) ?? [])
    // A key of metadata may hold a comma itself.
    if (whole !== undefined) return [whole, ...named]
    if (named.length === parts.length) return named
    throw unknownWord(parts.find((part) => wordOf(part) === undefined)?.trim() ?? '')
  })
  return [...new Set(words)]
}

function wordOf(text: string): string | undefined {
  return wholes.find((word) => word === normalise(text)) ?? targetOf(text)?.path
}

function unknownWord(word: string) {
  return usage(
    'E_OPTION_ACCEPT_CHANGE',
    `--accept-change: "${word}" is neither rows, damage or all, nor a field of Update Customer`,
    `${didYouMean(nearest(word, names) ?? nearestPath(word))}Write what the refusal named, like --accept-change rows,email. Nothing was sent.`,
  )
}
