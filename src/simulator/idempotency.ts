/**
 * Replays first answers, as Rapyd does for every POST once its support has switched that on: 24 hours, one namespace
 * for the account, only the key compared, never the body. By default it is off, and customer calls ignore the header.
 */
import type { Answer } from './answers.ts'

export interface FirstAnswers {
  /** The first answer to this key, with its operation id, or `undefined`. */
  recall(key: string, nowMs: number): Answer | undefined
  /** Keeps the first answer; whether Rapyd keeps errors too is unknown, so they are kept. */
  remember(key: string, answer: Answer, nowMs: number): void
}

const retentionMs = 24 * 60 * 60 * 1000

/** `most`: how many answers are kept; the oldest go first. */
export function createFirstAnswers(most = 200_000): FirstAnswers {
  const kept = new Map<string, { readonly answer: Answer; readonly until: number }>()
  return {
    recall(key, nowMs) {
      const found = kept.get(key)
      if (found === undefined || found.until > nowMs) return found?.answer
      kept.delete(key)
      return undefined
    },
    remember(key, answer, nowMs) {
      if (kept.has(key)) return
      kept.set(key, { answer, until: nowMs + retentionMs })
      if (kept.size <= most) return
      const oldest = kept.keys().next()
      if (!oldest.done) kept.delete(oldest.value)
    },
  }
}
