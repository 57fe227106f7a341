/** An error as a person reads it: what is wrong and its code on one line, what to do next on another. */
import { printable } from '../domain/printable.ts'
import type { BulkUpdateError } from '../errors.ts'

export function errorText({ code, message, remedy }: BulkUpdateError): string {
  return `rapyd-bulk: ${printable(message)} [${code}]\n${printable(remedy)}\n`
}
