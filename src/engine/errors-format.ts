/** How `errors` is written. Apart from the report of a run, so that `validate` does not load that. */
import type { Head } from '../input/header.ts'
import type { ErrorsFormat } from '../report/errors.ts'

/** `errors` is written as the input is. */
export function errorsFormatOf(head: Head): ErrorsFormat {
  const { format, lineEnd } = head
  if (format === 'ndjson') return { format, lineEnd }
  return {
    format,
    header: head.header,
    headerText: head.above + head.headerText,
    delimiter: head.dialect.delimiter,
    lineEnd,
  }
}
