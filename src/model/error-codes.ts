/**
 * Every code that a row can carry, with what to do about it (`error-tips.json`). `results`, `errors`, `summary.json` and
 * `validate` show these and nothing else; the texts never hold cell contents.
 */
import tips from './error-tips.json' with { type: 'json' }
import messages from './message-tips.json' with { type: 'json' }

/** A copy, so that its type is in our declarations and not the JSON file. */
export const errorTips = { ...tips }

/** For messages that know more than their code. */
const messageTips: ReadonlyMap<string, string> = new Map(Object.entries(messages))

/** What to do about a row's problem. */
export function tipOf(code: ErrorCode, message: string): string {
  // Behind the message of the first problem, the others are named.
  return messageTips.get(message.split('; also ', 1)[0] ?? '') ?? errorTips[code]
}

export type ErrorCode = keyof typeof errorTips

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTips, text)
}
