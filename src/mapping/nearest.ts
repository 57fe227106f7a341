/** Finds the name that a misspelt one was probably meant to be, so that an error can offer it. */
import { addressFields } from '../rapyd/customer-fields.ts'
import { editDistance, nearestField, normalise } from './targets.ts'

/** The candidate nearest to `name` without regard to case, spaces, hyphens and underscores, where one is near enough. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalise(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normalise(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** The field path nearest to one that names no field: `adresses[0].lin_1` gives `addresses[0].line_1`. */
export function nearestPath(path: string): string | undefined {
  const [, head = '', index = '', rest = ''] = /^([^.[]*)(\[\d{1,3}\])?\.?(.*)$/s.exec(path.trim()) ?? []
  const field = nearestField(head)
  if (field === 'addresses' && rest !== '') {
    const names = addressFields.map(({ name }) => name)
    const key = nearest(rest, names) ?? names.find((name) => normalise(rest).includes(normalise(name)))
    return key === undefined ? undefined : `addresses${index === '' ? '[0]' : index}.${key}`
  }
  return field === 'metadata' && rest !== '' ? `metadata.${rest}` : field
}

/** `Did you mean "…"? `, or nothing. */
export function didYouMean(candidate: string | undefined): string {
  return candidate === undefined ? '' : `Did you mean "${candidate}"? `
}
