/** An error as a person reads it: what is wrong and its code on one line, what to do next on another. */
import { printable } from '../model/text.ts'
import type { BulkUpdateError } from '../model/errors.ts'

export function errorText({ code, message, remedy }: BulkUpdateError): string {
  return `rapyd-bulk: ${printable(message)} [${code}]\n${printable(remedy)}\n`
}
