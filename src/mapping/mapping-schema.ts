/**
 * The schema of a mapping file, and its error messages. Loaded for `--map` only. `mapping.schema.json` is generated from it:
 * `npm exec -- vitest run test/unit/mapping/mapping-schema.test.ts -u`.
 */
import { z } from 'zod'
import { didYouMean, findNearest, shownName } from '../model/text.ts'
import type { MappingDocument } from './mapping-document.ts'
import type { Path } from './mapping.ts'

const text = z.string().min(1)
const jsonValue = z.json()

/** Transforms without a setting. */
const plainTransforms = z.enum([
  'trim',
  'lowercase',
  'uppercase',
  'html',
  'unguard',
  'digits',
  'country',
  'number',
  'boolean',
  'json',
])

/** Transforms with a setting, and an example of each for error messages. */
const transformExamples = {
  phone: '{ phone: US }',
  date: '{ date: YYYY-MM-DD }',
  replace: '{ replace: { from: to } }',
} as const

const transform = z
  .union([
    plainTransforms,
    z
      .strictObject({
        phone: text
          .optional()
          .describe(
            'country of numbers without a country code, ISO 3166-1 alpha-2: US; or international where every number has a plus sign',
          ),
        date: text.optional().describe('how dates are written: YYYY-MM-DD, MM/DD/YYYY, D.M.YYYY'),
        replace: z.record(z.string(), text).optional().describe('whole cells and what stands for them'),
      })
      .refine(
        (settings) => Object.keys(settings).length === 1,
        'exactly one transform in each entry of the list',
      )
      .meta({ minProperties: 1, maxProperties: 1 }),
  ])
  .meta({ id: 'transform' })

const blankPolicy = z.enum(['clear', 'keep', 'reject'])
const blankValue = z.strictObject({ clear_with: jsonValue })

const blank = z
  .union([blankPolicy, blankValue])
  .describe('what a blank cell means (clear_with: what is sent then); without it, what --blank says')

const rules = {
  transform: z.union([transform, z.array(transform).min(1)]).optional(),
  blank: blank.optional(),
}

const ruledField = z.strictObject({
  field: text.describe('a field such as name, addresses[0].line_1 or metadata.tier'),
  ...rules,
})

const entry = z
  .union([text.describe('a field such as name, addresses[0].line_1 or metadata.tier, or ignore'), ruledField])
  .meta({ id: 'entry' })

const parts = z.array(text).min(2)

const ruledJoin = z.strictObject({
  columns: parts.describe('columns or keys, in the order of their texts'),
  separator: z.string().optional().describe('what stands between two texts; a space without it'),
  ...rules,
})

const join = z
  .union([parts.describe('columns or keys in the order of their texts, with a space between'), ruledJoin])
  .meta({ id: 'join' })

export const mappingSchema = z.strictObject({
  $schema: z.string().optional().describe('for editors; means nothing here'),
  customer: text.optional().describe('the column or key that holds the Rapyd customer id'),
  columns: z
    .record(z.string(), z.union([entry, z.array(entry).min(1)]))
    .optional()
    .describe('columns or keys of the input, and the field that each goes into'),
  joined: z
    .record(z.string(), join)
    .optional()
    .describe('fields that are put together of several columns or keys; blank where all of them are'),
  constants: z
    .record(z.string(), jsonValue)
    .optional()
    .describe('fields that every row sets, and their values'),
})

export type MappingFile = z.infer<typeof mappingSchema>
export type EntrySpec = z.infer<typeof entry>
export type JoinSpec = z.infer<typeof join>
/** The rules for a value of one column or of several. */
export type RulesSpec = Pick<Exclude<EntrySpec, string>, keyof typeof rules>
export type TransformSpec = z.infer<typeof transform>

type Issue = z.core.$ZodIssue

/** Throws E_MAPPING for the first error. */
export function checkMapping(document: MappingDocument): MappingFile {
  if (document.value === null)
    throw document.error([], 'the mapping is empty', 'Write columns: and the columns below it.')
  const parsed = mappingSchema.safeParse(document.value, { reportInput: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined) throw new Error('a schema error without an issue')
  throw explain(document, issue, [])
}

function explain(document: MappingDocument, issue: Issue, above: Path): Error {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))]
  const value = issue.input
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors, value)
    if (branch !== undefined) return explain(document, branch, path)
  }
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return document.error([...path, key], ...unknownKey(key, path), 'key')
  }
  if (issue.code === 'invalid_value' && typeof value === 'string')
    return document.error(path, ...unknownWord(value, path))
  if (issue.code === 'custom')
    return document.error(path, issue.message, 'Write them as a list, in their order.')
  if (issue.code !== 'too_small') return document.error(path, ...wrongType(path, value))
  return Array.isArray(value) && value.length > 0
    ? document.error(path, 'one column alone cannot be joined', 'Name its field under columns:.')
    : document.error(path, 'nothing stands here', 'Write a value, or remove the key.')
}

/** Returns the issue of the possible form that has the type of the value. */
function likeliest(branches: readonly (readonly Issue[])[], value: unknown): Issue | undefined {
  const issues = branches.flatMap((branch) => {
    const unknown = branch.find(({ code }) => code === 'unrecognized_keys')
    const first = unknown ?? branch[0]
    return first === undefined ? [] : [first]
  })
  return issues.find((issue) => fits(issue, value))
}

function fits(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return true
  if (issue.code === 'invalid_type') return false
  if (issue.code === 'invalid_value') return typeof value === 'string'
  if (issue.code !== 'invalid_union') return true
  return issue.errors.some((branch) => branch.some((inner) => fits(inner, value)))
}

/** Finds where the path leads. Its first two keys are a group and a name of the user. */
function findSection(path: Path): 'transform' | 'blank' | 'entry' {
  const keys = new Set(path.slice(2))
  if (keys.has('transform')) return 'transform'
  return keys.has('blank') ? 'blank' : 'entry'
}

function knownKeys(path: Path): readonly string[] {
  if (path.length === 0) return Object.keys(mappingSchema.shape).filter((key) => key !== '$schema')
  const section = findSection(path)
  if (section === 'transform') return [...Object.keys(transformExamples), ...plainTransforms.options]
  if (section === 'blank') return Object.keys(blankValue.shape)
  return Object.keys((path[0] === 'joined' ? ruledJoin : ruledField).shape)
}

type Explanation = readonly [what: string, tip: string]

function unknownKey(key: string, path: Path): Explanation {
  const isTransform = findSection(path) === 'transform'
  if (isTransform && plainTransforms.options.some((name) => name === key))
    return [`${key} takes no setting`, `Write ${key} alone.`]
  const keys = knownKeys(path)
  const tip = `${didYouMean(findNearest(key, keys))}Known here: ${keys.join(', ')}.`
  return [`unknown ${isTransform ? 'transform' : 'key'} "${shownName(key)}"`, tip]
}

function unknownWord(word: string, path: Path): Explanation {
  if (findSection(path) === 'blank') {
    const words = blankPolicy.options
    const tip = `${didYouMean(findNearest(word, words))}Write ${words.join(', ')} or { clear_with: VALUE }.`
    return [`"${shownName(word)}" is no rule for blanks`, tip]
  }
  const example = Object.entries(transformExamples).find(([name]) => name === word)?.[1]
  return example === undefined
    ? unknownKey(word, path)
    : [`${word} needs a setting`, `Write it like ${example}.`]
}

function wrongType(path: Path, value: unknown): Explanation {
  const key = String(path.at(-1))
  if (value === undefined) return [`${key}: is missing`, `Add ${key}: and its value.`]
  if (value === null) return ['a value is missing', 'Write one, or remove the key.']
  if (typeof value === 'number' || typeof value === 'boolean')
    return [`text is expected here, not a ${typeof value}`, 'Put it in quotes.']
  const found = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'keys and values' : 'text'
  return [`${found} cannot stand here`, 'See "Mapping file" in the README for what can.']
}
