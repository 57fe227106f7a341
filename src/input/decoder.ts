/** What turns the bytes of one encoding into text. */
export interface Decoder {
  /** The text of the next bytes, up to a broken character. The beginning of a character is kept for the bytes that follow. */
  write(bytes: Buffer): Decoded
  /** Bytes that are kept. */
  readonly kept: number
  /** Whether all bytes are a text in UTF-8 that has other characters than ASCII. */
  readonly looksLikeUtf8: boolean
}

export interface Decoded {
  readonly text: string
  /** Where the broken character starts, from the first of the bytes that were written; negative in what was kept. */
  readonly brokenAt: number | undefined
}
