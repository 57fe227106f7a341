/** Errors in a mapping file: where they are, what is wrong, what to do. They end the run before it begins. */
import { BulkUpdateError } from '../model/errors.ts'

/** Keys and list positions from the top of the file down to a value. */
export type Path = readonly (string | number)[]

/** A mapping file as data that still knows where each part of it was written. */
export interface MappingDocument {
  readonly value: unknown
  /** `file:line:column` of the value at `path`, or of its key. */
  place(path: Path, part?: 'key' | 'value'): string
}

/** `where` is `file:line:column`, or the file alone where no place in it is at fault. */
export function mappingError(where: string, message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('E_MAPPING', `${where}: ${message}`, `${remedy} Nothing was sent.`)
}
