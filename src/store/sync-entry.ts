/** What the sync state holds of one field: a digest, and when it came to be that. Of calls that overlap nobody knows which came last. */

export interface Entry {
  /** '' where it is not known, `forgotten` where somebody wanted that. */
  readonly digest: string
  /** From when it was about to be changed until that had ended, milliseconds since 1970. */
  readonly since: number
  readonly at: number
}

/** No digest is like it. Nobody doubts what the customer holds, as with ''. */
const forgotten = '-'

export function isKnown({ digest }: Entry): boolean {
  return digest !== '' && digest !== forgotten
}

/** What was confirmed before `at` never comes back. */
export function forgottenEntry(text: string, at: number): string {
  const held = readEntry(text)
  const end = Math.max(at, held.at + 1)
  return entryText({ digest: held.digest === '' ? '' : forgotten, since: end, at: end })
}

/** The entry with what one more call has left. */
export function mergedEntry(text: string | undefined, next: Entry): string {
  if (text === undefined) return entryText(next)
  const held = readEntry(text)
  if (next.since >= held.at) return entryText(next)
  if (next.at < held.since) return text
  return entryText({
    digest: next.digest === held.digest ? held.digest : '',
    since: Math.min(next.since, held.since),
    at: Math.max(next.at, held.at),
  })
}

export function readEntry(text: string): Entry {
  const [digest = '', ...times] = text.split('.')
  const [at = 0, since = at] = times.map((time) => Number.parseInt(time, 36))
  return { digest, since, at }
}

/** The digest, the end and, where it is another time, the begin: times in base 36. */
function entryText({ digest, since, at }: Entry): string {
  const times = since === at ? [at] : [at, since]
  return [digest, ...times.map((time) => time.toString(36))].join('.')
}
