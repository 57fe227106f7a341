/**
 * Reads YAML, and JSON as a part of it, as plain data with the place of each value. A number that would be written back in another
 * form is refused, because it was probably meant as text.
 */
import {
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml'
import { isExactNumber } from '../model/json.ts'
import { mappingError, type Path } from './mapping.ts'

const mostLevels = 32
/** Bounds the size of the data, because aliases can repeat each other. */
const mostAliases = 10_000
const tooMany = [
  'too many values or levels',
  'Write the mapping without aliases that repeat each other.',
] as const

/** A mapping file as data, with the place of each value. */
export type MappingDocument = ReturnType<typeof readMappingDocument>

/** Where a message begins to quote the file, which may be the input by mistake, with what its cells hold. */
const quoteStart = /(?<=\w): |(?<=.) ?[!%\\"]| version /

type ErrorAt = (node: unknown, message: string, tip: string) => Error

/** Throws E_MAPPING for invalid YAML, duplicate keys, unknown tags, too many aliases and numbers that may be text. */
export function readMappingDocument(text: string, file: string) {
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
    const [words = ''] = defect.message.split(quoteStart, 1)
    const message = defect.code === 'DUPLICATE_KEY' ? 'this key stands here a second time' : words
    throw mappingError(at(defect.pos[0]), message, 'Correct the YAML or JSON at that place.')
  }
  checkNodes(document, refuse)
  const place = (path: Path, part: 'key' | 'value' = 'value'): string => at(findOffset(document, path, part))
  return {
    value: toValue(document, refuse),
    /** `file:line:column` of the value at `path`, or of its key. */
    place,
    /** The error at that place. */
    error: (path: Path, message: string, tip: string, part?: 'key' | 'value') =>
      mappingError(place(path, part), message, tip),
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

/** The end of the path, as far as it exists: a missing value is reported at its parent, and an empty one at its key. */
function findOffset(document: Document, path: Path, part: 'key' | 'value'): number {
  for (let depth = path.length; depth > 0; depth--) {
    const value = document.getIn(path.slice(0, depth), true)
    const isAsked = part === 'value' || depth < path.length
    if (isAsked && isNode(value) && value.range != null && value.range[1] > value.range[0])
      return value.range[0]
    const holder = document.getIn(path.slice(0, depth - 1), true)
    const pair = isMap(holder)
      ? holder.items.find(({ key }) => isScalar(key) && key.value === path[depth - 1])
      : undefined
    if (isScalar(pair?.key) && pair.key.range != null) return pair.key.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}
