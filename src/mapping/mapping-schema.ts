/**
 * The shape of a mapping file. `mapping.schema.json` next to this is made from it, for editors; a test holds the two together
 * and writes the file anew with `npm exec -- vitest run test/mapping/mapping-schema.test.ts -u`. Loaded for `--map` only.
 */
import { z } from 'zod'

const text = z.string().min(1)
const value = z.json()

/** Transforms that need no setting. */
const plainTransforms = z.enum([
  'trim',
  'lowercase',
  'uppercase',
  'digits',
  'country',
  'number',
  'boolean',
  'json',
])

/** Transforms with a setting, and an example of each for error messages. */
export const transformExamples = {
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
const blankValue = z.strictObject({ clear_with: value })

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
  constants: z.record(z.string(), value).optional().describe('fields that every row sets, and their values'),
})

/** The keys and words that are known in each place, for messages. */
export const known = {
  top: Object.keys(mappingSchema.shape).filter((key) => key !== '$schema'),
  entry: Object.keys(ruledField.shape),
  join: Object.keys(ruledJoin.shape),
  blankPolicies: blankPolicy.options,
  blankValue: Object.keys(blankValue.shape),
  plainTransforms: plainTransforms.options,
}

export type MappingFile = z.infer<typeof mappingSchema>
export type EntrySpec = z.infer<typeof entry>
export type JoinSpec = z.infer<typeof join>
/** What may be said of a value, whether it comes from one column or from several. */
export type RulesSpec = Pick<Exclude<EntrySpec, string>, keyof typeof rules>
export type TransformSpec = z.infer<typeof transform>

export function mappingJsonSchema(): object {
  return z.toJSONSchema(mappingSchema, { io: 'input' })
}
