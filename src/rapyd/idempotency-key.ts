/**
 * The idempotency key of a row: the same for every attempt and every resume, never the same for two rows.
 * It holds the run and the row and not only the content: rows A, B, A of one customer would otherwise replay the first answer.
 */
import { hash } from 'node:crypto'

const version = 'rapyd-bulk/1'

export interface KeyParts {
  readonly host: string
  readonly runId: string
  readonly row: number
  readonly customerId: string
  readonly body: string
}

/** 32 hex digits. No part but the last can hold a line break, so no two rows make the same text. */
export function idempotencyKey(parts: KeyParts): string {
  const text = `${version}\n${parts.host}\n${parts.runId}\n${parts.row}\n${parts.customerId}\n${parts.body}`
  return hash('sha256', text, 'hex').slice(0, 32)
}
