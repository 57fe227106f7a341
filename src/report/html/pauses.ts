/** Times in which nobody could send, as a run keeps them for its page. */
import { isJsonObject, parseJson } from '../../model/json.ts'

export interface Pause {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Rapyd asked for it, or did not answer at all. */
  readonly kind: 'blocked' | 'outage'
}

/** `null` and texts that are none give no pauses: a report is made of what there is. */
export function readPauses(text: string | undefined): readonly Pause[] {
  if (text === undefined) return []
  const found = parseJson(text)
  return Array.isArray(found) ? found.filter(isPause) : []
}

function isPause(value: unknown): value is Pause {
  if (!isJsonObject(value)) return false
  const { from, to, kind } = value
  return typeof from === 'number' && typeof to === 'number' && (kind === 'blocked' || kind === 'outage')
}
