/** A field that is put together of several columns: one entry of `joined:` to an assignment for each of them. */
import { compileRules, findTarget } from './compile-entry.ts'
import type { Assignment } from './mapping.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument } from './mapping-error.ts'
import type { JoinSpec, MappingFile } from './mapping-schema.ts'

/** In the order of their texts, with the name of each. Throws E_MAPPING. */
export async function compileJoin(
  field: string,
  spec: JoinSpec,
  file: MappingFile,
  document: MappingDocument,
): Promise<readonly (readonly [name: string, assignment: Assignment])[]> {
  const path = ['joined', field]
  const listPath = Array.isArray(spec) ? path : [...path, 'columns']
  const target = findTarget(field, path, 'key', document)
  if (target.holds === 'metadata' || target.holds === 'addresses') {
    const inside = target.path === 'metadata' ? 'metadata.tier' : 'addresses[0].line_1'
    throw mappingError(
      document.place(path, 'key'),
      `texts cannot be joined to ${target.path}, which is no text`,
      `Join them to a field inside it, such as ${inside}.`,
    )
  }
  const names = Array.isArray(spec) ? spec : spec.columns
  for (const [index, name] of names.entries()) {
    const mistake = mistakeOf(name, names.indexOf(name) < index, file)
    if (mistake !== undefined) throw mappingError(document.place([...listPath, index]), ...mistake)
  }
  const { separator = ' ', ...rules } = Array.isArray(spec) ? {} : spec
  const whole = await compileRules(target, rules, path, document)
  const join = { names, separator, where: document.place(path, 'key') }
  return names.map((name, index) => [name, { ...whole, part: { join, index } }])
}

function mistakeOf(
  name: string,
  isSecond: boolean,
  { customer, columns = {} }: MappingFile,
): readonly [what: string, remedy: string] | undefined {
  if (isSecond) return [`"${name}" stands here a second time`, 'Name each column once.']
  if (name === customer)
    return [`"${name}" is the customer id and cannot be part of a field`, 'Remove it here.']
  if (Object.hasOwn(columns, name) && columns[name] === 'ignore')
    return [`"${name}" is set aside under columns: and joined here`, 'Remove one of the two.']
  return undefined
}
