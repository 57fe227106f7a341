/** Finds what a `replace` of the mapping misses: texts that only look like one of its keys, and columns without any key. */
import type { Mapping } from '../mapping/mapping.ts'
import type { OnReplace } from '../model/ports.ts'
import type { Place, SourceColumn } from '../model/row.ts'
import type { Warning } from '../model/scan.ts'
import type { OnWarning } from '../model/errors.ts'

export interface ReplaceCheck {
  /** Gets the texts of a row, before `endRow`. Undefined if the mapping has no `replace`. */
  readonly see: OnReplace | undefined
  /** Warns about the texts of a row that is sent. */
  endRow(place: Place, isSent: boolean, warn: OnWarning): void
  /** A warning for each field whose texts were all others. */
  unused(locate: (field: string) => SourceColumn | undefined): readonly Warning[]
}

interface SeenTexts {
  isHit: boolean
  others: number
  readonly first: Pick<Warning, 'firstRow' | 'firstLine'>
}

const alikeMessage = 'looks like a key of its replace, and is another text'
const unusedMessage = 'no text of this column is a key of its replace'

export function createReplaceCheck({ columns }: Mapping): ReplaceCheck {
  const assignments = [...columns.values()].flatMap((column) => column.assignments)
  const isNeeded = assignments.some(({ changes }) => changes.some(({ compare }) => compare !== undefined))
  const fields = new Map<string, SeenTexts>()
  let texts: Parameters<OnReplace>[] = []
  return {
    see: isNeeded ? (field, comparison) => void texts.push([field, comparison]) : undefined,
    endRow({ row, line }, isSent, warn) {
      if (texts.length === 0) return
      for (const [field, comparison] of texts) {
        const seen = fields.get(field) ?? {
          isHit: false,
          others: 0,
          first: { firstRow: row, firstLine: line },
        }
        fields.set(field, seen)
        if (comparison === 'other') seen.others++
        else seen.isHit = true
        if (comparison === 'alike' && isSent) warn('W_REPLACE_LOOKALIKE', field, alikeMessage)
      }
      texts = []
    },
    unused: (locate) =>
      [...fields].flatMap(([field, { isHit, others, first }]) =>
        isHit ? [] : unusedReplace(field, others, first, locate(field)),
      ),
  }
}

function unusedReplace(
  field: string,
  rows: number,
  first: SeenTexts['first'],
  column: SourceColumn | undefined,
): Warning {
  const warning = { code: 'W_REPLACE_UNUSED', field, message: unusedMessage, rows, ...first } as const
  return column === undefined ? warning : { ...warning, column }
}
