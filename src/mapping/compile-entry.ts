/** One entry of `columns:` to an assignment: its field is found, its transforms are made, its values are held to the field. */
import type { JsonValue } from '../model/json.ts'
import { didYouMean, findNearest } from '../model/text.ts'
import { checkValue } from './cells.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument, Path } from './mapping-error.ts'
import type { EntrySpec, RulesSpec, TransformSpec } from './mapping-schema.ts'
import { assignmentTo } from './mapping.ts'
import type { Assignment, BlankRule, Conversion, TextChange } from './mapping.ts'
import { nearestPath, protoRefusal, reachesProto, targetOf } from './targets.ts'
import type { Target } from './targets.ts'
import { compileTransform } from './transforms.ts'

/** `path` leads to the entry. Throws E_MAPPING. */
export async function compileEntry(
  entry: EntrySpec,
  path: Path,
  document: MappingDocument,
): Promise<Assignment> {
  if (typeof entry === 'string') return assignmentTo(findTarget(entry, path, 'value', document))
  return compileRules(findTarget(entry.field, [...path, 'field'], 'value', document), entry, path, document)
}

/** `path` leads to what holds the transforms and the rule for blanks. Throws E_MAPPING. */
export async function compileRules(
  target: Target,
  spec: RulesSpec,
  path: Path,
  document: MappingDocument,
): Promise<Assignment> {
  const changes: TextChange[] = []
  let { conversion } = assignmentTo(target)
  let last = ''
  for (const [transform, at] of transformsOf(spec.transform, [...path, 'transform'])) {
    const made = await compileTransform(transform)
    const where = document.place(at)
    if ('mistake' in made) throw mappingError(where, made.mistake, made.remedy)
    if (last !== '') {
      throw mappingError(where, `no transform can follow ${last}, which makes a value`, `Put ${last} last.`)
    }
    if (typeof made === 'function') changes.push(made)
    else {
      checkConversion(made, target, where)
      conversion = made
      last = made.name
    }
  }
  const blank = blankRule(spec.blank, target, [...path, 'blank'], document)
  return {
    target,
    changes,
    ...(conversion === undefined ? {} : { conversion }),
    ...(blank === undefined ? {} : { blank }),
  }
}

function transformsOf(
  spec: TransformSpec | readonly TransformSpec[] | undefined,
  path: Path,
): readonly (readonly [TransformSpec, Path])[] {
  if (spec === undefined) return []
  if (!isList(spec)) return [[spec, path]]
  return spec.map((transform, index) => [transform, [...path, index]])
}

/** Text fields take text only; `json` fits whatever holds more. */
function checkConversion({ name }: Conversion, target: Target, where: string): void {
  if (target.holds === 'any' || (target.holds !== 'text' && name === 'json')) return
  const fits = name === 'json' ? 'keys of metadata, metadata and addresses' : 'keys of metadata'
  throw mappingError(where, `${name} does not fit ${target.path}: it is for ${fits}`, `Remove ${name}.`)
}

function blankRule(
  spec: RulesSpec['blank'],
  target: Target,
  path: Path,
  document: MappingDocument,
): BlankRule | undefined {
  if (typeof spec !== 'object') return spec
  checkGiven(spec.clear_with, target, [...path, 'clear_with'], document)
  return { clearWith: spec.clear_with }
}

/** Values that the mapping itself gives mean what they say, so none of them only looks like a blank. */
export function checkGiven(value: JsonValue, target: Target, path: Path, document: MappingDocument): void {
  if (value === '') return
  if (value === null) {
    const remedy = 'Write one; "" sends an empty text, which clears the field.'
    throw mappingError(document.place(path), 'a value is missing', remedy)
  }
  const literals = new Set(typeof value === 'string' ? [value] : [])
  const checked = checkValue(value, target, { blank: 'clear', nullValues: new Set(), literals })
  if (!('problems' in checked)) return
  const [found] = checked.problems
  const quote =
    typeof value === 'number' || typeof value === 'boolean' ? 'Put it in quotes if it is text.' : ''
  throw mappingError(
    document.place(path),
    `the value for ${found?.field ?? target.path} is ${found?.message ?? 'refused'}`,
    `Correct the value. ${quote}`.trim(),
  )
}

/** `part` says whether the field's name is the key or the value at `path`. */
export function findTarget(
  name: string,
  path: Path,
  part: 'key' | 'value',
  document: MappingDocument,
): Target {
  const target = targetOf(name)
  if (target !== undefined) return target
  if (reachesProto(name)) {
    throw mappingError(document.place(path, part), `"${name}": ${protoRefusal}`, 'Give the key another name.')
  }
  const near = findNearest(name, part === 'value' ? ['ignore'] : []) ?? nearestPath(name)
  throw mappingError(
    document.place(path, part),
    `"${name}" is no field of Update Customer`,
    `${didYouMean(near)}Write a field such as name, addresses[0].line_1 or metadata.tier${part === 'value' ? ', or ignore' : ''}.`,
  )
}

/** Narrows what `Array.isArray` does not: lists that are read-only. */
export function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value)
}
