/** Times in which nobody could send, as a run keeps them for its page. */

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
  const found: unknown = JSON.parse(text)
  return Array.isArray(found) ? found.filter(isPause) : []
}

function isPause(value: unknown): value is Pause {
  return (
    typeof value === 'object' &&
    value !== null &&
    'from' in value &&
    'to' in value &&
    'kind' in value &&
    typeof value.from === 'number' &&
    typeof value.to === 'number' &&
    (value.kind === 'blocked' || value.kind === 'outage')
  )
}
