/** The field, or the place inside one, that a misspelt path was probably meant to be. */
import { nearest, normalise } from '../domain/nearest.ts'
import { addressFields } from '../rapyd/customer-fields.ts'
import { nearestField } from './targets.ts'

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
