/** Puts other texts into cells of a CSV record as it is written: all other bytes stay. */

/** `texts` by index of the cell. The record must be one that was read without a defect. */
export function withCells(record: string, delimiter: string, texts: ReadonlyMap<number, string>): string {
  return rawCells(record, delimiter)
    .map((raw, index) => {
      const text = texts.get(index)
      if (text === undefined) return raw
      const quoted = raw.startsWith('"') || text.includes(delimiter) || /["\r\n]/.test(text)
      return quoted ? `"${text.replaceAll('"', '""')}"` : text
    })
    .join(delimiter)
}

/** Cells with their quotes. */
function rawCells(record: string, delimiter: string): readonly string[] {
  const cells: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < record.length; at++) {
    // A doubled quote closes and opens again.
    if (record[at] === '"') quoted = !quoted
    else if (!quoted && record.startsWith(delimiter, at)) {
      cells.push(record.slice(start, at))
      start = at + delimiter.length
    }
  }
  return [...cells, record.slice(start)]
}
