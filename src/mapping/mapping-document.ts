/**
 * YAML (and JSON, which is YAML too) to plain data that knows its places. Nothing is converted in silence: a number that
 * would not be written back as it stands is refused, because it was probably meant as text.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Node, Scalar } from 'yaml'
import type { JsonValue } from '../domain/json.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument, Path } from './mapping-error.ts'

const mostLevels = 32
/** Aliases can make a small file huge; more values than this are no mapping. */
const mostValues = 100_000

/** Throws E_MAPPING for what is no YAML, duplicate keys, unknown tags, wild aliases and numbers that may be text. */
export function readMappingDocument(text: string, file: string): MappingDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const anchors = new Map<string, Node>()
  let values = 0

  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const fail = (node: Node, message: string, remedy: string): Error =>
    mappingError(at(node.range?.[0] ?? 0), message, remedy)

  function resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return anchors.get(node.source)
    return isScalar(node) || isMap(node) || isSeq(node) ? node : undefined
  }

  function valueOf(node: unknown, depth: number): JsonValue {
    if (isAlias(node)) {
      const target = resolve(node)
      if (target === undefined)
        throw fail(node, 'nothing before this is called by that name', 'Define the anchor first.')
      return valueOf(target, depth)
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null
    values += 1
    if (values > mostValues || depth > mostLevels) {
      throw fail(
        node,
        'too many values or levels',
        'Write the mapping without aliases that repeat each other.',
      )
    }
    remember(node)
    if (isScalar(node)) return scalarValue(node)
    if (isSeq(node)) return node.items.map((item) => valueOf(item, depth + 1))
    const entries: [string, JsonValue][] = []
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string' || key.value === '__proto__') {
        throw fail(isScalar(key) ? key : node, 'this key cannot be used', 'Rename or remove it.')
      }
      entries.push([key.value, valueOf(value, depth + 1)])
    }
    return Object.fromEntries(entries)
  }

  function remember(node: Node & { readonly anchor?: string }): void {
    if (node.anchor === undefined) return
    const known = anchors.get(node.anchor)
    if (known !== undefined && known !== node)
      throw fail(node, 'two anchors have one name', 'Rename one of them.')
    anchors.set(node.anchor, node)
  }

  function scalarValue(node: Scalar): JsonValue {
    const { value } = node
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    const exact = typeof value === 'number' && String(value) === node.source
    if (typeof value === 'number' && exact && (!Number.isInteger(value) || Number.isSafeInteger(value)))
      return value
    throw fail(
      node,
      'this is read as a number, and not as it stands here',
      'Put it in quotes if it is text; write numbers in their shortest form and within 2^53.',
    )
  }

  const [defect] = [...document.errors, ...document.warnings]
  if (defect !== undefined) {
    const message = defect.code === 'DUPLICATE_KEY' ? 'this key stands here a second time' : defect.message
    throw mappingError(at(defect.pos[0]), message, 'Correct the YAML or JSON at that place.')
  }
  return {
    value: valueOf(document.contents, 1),
    place(path, part = 'value') {
      return at(offsetOf(document.contents, path, part, resolve))
    },
  }
}

/** Walks down as far as the path leads, so that a missing part is told at what should hold it. */
function offsetOf(
  top: unknown,
  path: Path,
  part: 'key' | 'value',
  resolve: (node: unknown) => Node | undefined,
): number {
  let node = resolve(top)
  let offset = node?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    let next: unknown
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) return offset
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      if (part === 'key' && depth === path.length - 1) return offset
      next = pair.value
    } else if (isSeq(node)) next = node.items[Number(step)]
    const written = isAlias(next) ? next : resolve(next)
    node = resolve(next)
    // A value that was left empty is told at its key.
    if (written?.range != null && written.range[1] > written.range[0]) offset = written.range[0]
  }
  return offset
}
