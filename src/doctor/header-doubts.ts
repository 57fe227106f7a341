/** Names of columns that are taken and yet are not what they look like, or look like another column's. */
import { deceivingPart, looksLike } from '../domain/look-alikes.ts'
import type { SourceColumn } from '../pipeline/ports.ts'

export interface HeaderDoubt {
  readonly column: SourceColumn
  readonly message: string
}

/** Case counts in keys of metadata: `metadata.Tier` and `metadata.tier` become two. */
export function lookAlikeHeaders(columns: readonly SourceColumn[]): readonly HeaderDoubt[] {
  const seen = new Map<string, SourceColumn>()
  return columns.flatMap((column) => {
    const look = looksLike(column.name)
      .toLowerCase()
      .replace(/[\s_-]+/g, '')
    const twin = seen.get(look)
    seen.set(look, column)
    if (twin !== undefined)
      return { column, message: `the name looks like that of column ${twin.number ?? 0}, and is another` }
    const part = deceivingPart(column.name)
    return part === undefined ? [] : { column, message: `the name is not what it looks like: ${part}` }
  })
}
