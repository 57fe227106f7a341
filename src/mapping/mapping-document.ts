/**
 * Reads YAML, and JSON as a part of it, as plain data with the place of each value. A number that would be written back in another
 * form is refused, because it was probably meant as text.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'
import type { Document, Node } from 'yaml'
import { isExactNumber } from '../model/json.ts'
import { mappingError } from './mapping.ts'
import type { MappingDocument, Path } from './mapping.ts'

const mostLevels = 32
/** Bounds the size of the data, because aliases can repeat each other. */
const mostAliases = 10_000
const tooMany = [
  'too many values or levels',
  'Write the mapping without aliases that repeat each other.',
] as const

type ErrorAt = (node: unknown, message: string, tip: string) => Error

/** Throws E_MAPPING for invalid YAML, duplicate keys, unknown tags, too many aliases and numbers that may be text. */
export function readMappingDocument(text: string, file: string): MappingDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    resolveKnownTags: false,
    stringKeys: true,
  })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const refuse: ErrorAt = (node, message, tip) =>
    mappingError(at((isNode(node) ? node.range?.[0] : undefined) ?? 0), message, tip)

  const [defect] = [...document.errors, ...document.warnings]
  if (defect !== undefined) {
    const message = defect.code === 'DUPLICATE_KEY' ? 'this key stands here a second time' : defect.message
    throw mappingError(at(defect.pos[0]), message, 'Correct the YAML or JSON at that place.')
  }
  checkNodes(document, refuse)
  const place: MappingDocument['place'] = (path, part = 'value') => at(findOffset(document, path, part))
  return {
    value: toValue(document, refuse),
    place,
    error: (path, message, tip, part) => mappingError(place(path, part), message, tip),
  }
}

function toValue(document: Document, refuse: ErrorAt): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases })
  } catch {
    throw refuse(document.contents, ...tooMany)
  }
}

function checkNodes(document: Document, refuse: ErrorAt): void {
  const anchors = new Map<string, Node>()
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || typeof key.value !== 'string' || key.value === '__proto__')
        throw refuse(key, 'this key cannot be used', 'Rename or remove it.')
    },
    Alias(_, alias, path) {
      const target = anchors.get(alias.source)
      if (target === undefined)
        throw refuse(alias, 'nothing before this is called by that name', 'Define the anchor first.')
      if (path.some((holder) => holder === target)) throw refuse(target, ...tooMany)
    },
    Value(key, node, path) {
      if (path.filter(isCollection).length >= mostLevels) throw refuse(node, ...tooMany)
      if (node.anchor !== undefined) {
        if (anchors.has(node.anchor)) throw refuse(node, 'two anchors have one name', 'Rename one of them.')
        anchors.set(node.anchor, node)
      }
      if (key === 'key' || !isScalar(node) || isKept(node.value, node.source)) return
      throw refuse(
        node,
        'this is read as a number, and not as it stands here',
        'Put it in quotes if it is text; write numbers in their shortest form and within 2^53.',
      )
    },
  })
}

function isKept(value: unknown, source: string | undefined): boolean {
  if (typeof value === 'number') return isExactNumber(value, source)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

/** Follows the path as far as it exists, so that a missing value is reported at its parent. */
function findOffset(document: Document, path: Path, part: 'key' | 'value'): number {
  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)
  let node = resolve(document.contents)
  let offset = (isNode(node) ? node.range?.[0] : undefined) ?? 0
  for (const [depth, step] of path.entries()) {
    let next: unknown
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) return offset
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      if (part === 'key' && depth === path.length - 1) return offset
      next = pair.value
    } else if (isSeq(node)) next = node.items[Number(step)]
    // An empty value is reported at its key.
    if (isNode(next) && next.range != null && next.range[1] > next.range[0]) offset = next.range[0]
    node = resolve(next)
  }
  return offset
}
