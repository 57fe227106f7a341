/** What is known of a customer's fields without knowing what they hold: keyed digests of what Rapyd confirmed. */

/** Digests by top-level field of the patch. */
export type Digests = Readonly<Record<string, string>>

/** What is known of one customer. */
export interface Known {
  /** Of the fields that are known. */
  readonly digests: Digests
  /** Fields that were known, or were about to be sent, and are not known. */
  readonly doubted: readonly string[]
  /** The newest time that is noted of any field, also of those that are not known; 0 where there is none. */
  readonly at: number
}

/** Fields of one customer, as one call has left them. */
export interface Confirmed {
  readonly customerId: string
  readonly digests: Digests
  /** Milliseconds since 1970. What is older never replaces what is newer. */
  readonly at: number
  /** When the call was about to be sent, default `at`: of what was under way at the same time nobody knows which came last. */
  readonly since?: number
}
