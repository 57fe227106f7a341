/** The line `sep=;` that some programs put before the header, because Excel takes its delimiter from there. It is no record. */

export interface SeparatorLine {
  readonly delimiter: string
  /** As it is written, with its line end. */
  readonly text: string
}

/** Of a text that begins with one. */
export function separatorLine(text: string): SeparatorLine | undefined {
  const [line, delimiter] = /^"?sep=([^\r\n"])"?(?:\r\n|\n|\r)/i.exec(text) ?? []
  return line === undefined || delimiter === undefined ? undefined : { delimiter, text: line }
}
