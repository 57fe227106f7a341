/** Finds what a `replace` of the mapping misses: texts that only look like one of its keys, and columns without any key. */
import type { Mapping } from '../mapping/mapping.ts'
import type { OnReplace, OnWarning } from '../model/ports.ts'
import type { Place, SourceColumn } from '../model/row.ts'
import type { Warning } from '../model/scan.ts'

interface SeenTexts {
  isHit: boolean
  others: number
  readonly first: Pick<Warning, 'firstRow' | 'firstLine'>
}

const alikeMessage = 'looks like a key of its replace, and is another text'
const unusedMessage = 'no text of this column is a key of its replace'

export function createReplaceCheck({ columns }: Mapping) {
  const assignments = [...columns.values()].flatMap((column) => column.assignments)
  const isNeeded = assignments.some(({ changes }) => changes.some(({ compare }) => compare !== undefined))
  const fields = new Map<string, SeenTexts>()
  let texts: Parameters<OnReplace>[] = []
  const see: OnReplace = (field, comparison) => void texts.push([field, comparison])
  return {
    /** Gets the texts of a row, before `endRow`. Undefined if the mapping has no `replace`. */
    see: isNeeded ? see : undefined,
    /** Warns about the texts of a row that is sent. */
    endRow({ row, line }: Place, isSent: boolean, warn: OnWarning): void {
      if (texts.length === 0) return
      for (const [field, comparison] of texts) {
        const first = { firstRow: row, firstLine: line }
        const seen = fields.get(field) ?? { isHit: false, others: 0, first }
        fields.set(field, seen)
        if (comparison === 'other') seen.others++
        else seen.isHit = true
        if (comparison === 'alike' && isSent) warn('W_REPLACE_LOOKALIKE', field, alikeMessage)
      }
      texts = []
    },
    /** A warning for each field whose texts were all others. */
    unused: (locate: (field: string) => SourceColumn | undefined): readonly Warning[] =>
      [...fields].flatMap(([field, { isHit, others: rows, first }]) => {
        if (isHit) return []
        const column = locate(field)
        const found = { code: 'W_REPLACE_UNUSED', field, message: unusedMessage, rows, ...first } as const
        return [column === undefined ? found : { ...found, column }]
      }),
  }
}
