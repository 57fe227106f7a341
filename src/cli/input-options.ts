/** Flags about the input, as all commands that read one share them. */
import { isEncoding } from '../input/encoding.ts'
import { duplicatePolicies } from '../pipeline/duplicates.ts'
import { usage } from '../options.ts'
import type { UpdateOptions } from '../options.ts'

export interface InputArguments {
  readonly input: string
  readonly format?: string | undefined
  readonly delimiter?: string | undefined
  readonly encoding?: string | undefined
  readonly map?: string | undefined
  readonly blank?: string | undefined
  readonly duplicates?: string | undefined
  readonly ignoreColumns?: string[] | undefined
  readonly nullValues?: string[] | undefined
  readonly literal?: string[] | undefined
  readonly maxClears?: string | undefined
  readonly maxErrors?: string | undefined
  readonly expectRows?: string | undefined
  readonly strict?: boolean | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly color?: boolean | undefined
}

export function inputOptions(args: InputArguments): UpdateOptions {
  const { format, delimiter, blank } = args
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    throw usage('E_OPTION_DELIMITER', '--delimiter is not one character', 'Write it like --delimiter ";".')
  }
  const duplicates = duplicatePolicies.find((policy) => policy === args.duplicates)
  return {
    input: args.input,
    ...(format === 'csv' || format === 'tsv' || format === 'ndjson' ? { format } : {}),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...encodingOption(args.encoding),
    ...(args.map === undefined ? {} : { map: args.map }),
    ...(blank === 'keep' || blank === 'reject' ? { blank } : {}),
    ...(duplicates === undefined ? {} : { duplicates }),
    ignoreColumns: (args.ignoreColumns ?? []).flatMap(namesIn),
    nullValues: args.nullValues ?? [],
    literals: args.literal ?? [],
    ...(args.maxClears === undefined ? {} : { maxClears: args.maxClears }),
    ...(args.maxErrors === undefined ? {} : { maxErrors: args.maxErrors }),
    ...(args.expectRows === undefined ? {} : { expectRows: args.expectRows }),
    strict: args.strict ?? false,
  }
}

export function encodingOption(encoding: string | undefined): Pick<UpdateOptions, 'encoding'> {
  return encoding !== undefined && isEncoding(encoding) ? { encoding } : {}
}

/** `a,b` is two names; a name may hold a comma itself, so the whole is one too. */
function namesIn(text: string): string[] {
  return text.includes(',') ? [text, ...text.split(',')] : [text]
}
