/** Where a row stands in the input, so that a report can name its line and copy its bytes without parsing anything again. */
export interface Place {
  /** Number of the record, from 1; the header is not a row. */
  readonly row: number
  /** Physical line on which the record starts, from 1. */
  readonly line: number
  /** First byte of the record in the (decoded, uncompressed) input. */
  readonly offset: number
  /** Bytes of the record without its line end. */
  readonly length: number
}
