/** Errors that refuse a whole input. Their texts are in `refusals.json`. */
import { errorsFrom } from '../model/errors.ts'
import texts from './refusals.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
export const refusal = errorsFrom({ ...texts })
