/** Errors of headers. Their texts are in `error-texts.json`. */
import { errorsFrom } from '../model/errors.ts'
import texts from './error-texts.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
export const errorOf = errorsFrom({ ...texts })
