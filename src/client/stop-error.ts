/** What stops a whole run, in the user's words. None of these is the fault of a row. */
import { BulkUpdateError } from '../errors.ts'

interface Stop {
  readonly kind: 'AUTH' | 'REMOTE'
  readonly message: string
  /** How the detail is added to the message. Default in brackets. */
  readonly withDetail?: (detail: string) => string
  readonly tip: string
}

const stops = {
  E_AUTH: {
    kind: 'AUTH',
    message: 'Rapyd refuses the credentials',
    tip: 'Check that both keys belong together, are active, and belong to this environment (--env), then run the same command again.',
  },
  E_CLOCK: {
    kind: 'AUTH',
    message: 'Rapyd refuses the time of this machine',
    withDetail: (offset) => `: it is ${offset} ms off`,
    tip: 'Set the clock of this machine, then run the same command again.',
  },
  E_TLS: {
    kind: 'REMOTE',
    message: "the server's certificate cannot be trusted",
    tip: 'Check the host, the date of this machine, and any proxy in between, then run the same command again.',
  },
  E_REDIRECT: {
    kind: 'REMOTE',
    message: 'the server answers with a redirect, which is never followed',
    withDetail: () => '',
    tip: 'Check --base-url: Rapyd does not redirect.',
  },
  E_WRONG_CUSTOMER: {
    kind: 'REMOTE',
    message: 'an answer named another customer than the one sent',
    tip: 'Report the operation id to Rapyd before going on.',
  },
  E_NOT_API: {
    kind: 'REMOTE',
    message: 'the answer is not from the Rapyd API',
    tip: 'Check --base-url and any proxy or portal in between.',
  },
  E_REMOTE_DOWN: {
    kind: 'REMOTE',
    message: 'Rapyd cannot be reached',
    tip: 'Run the same command again later: it goes on where it stopped.',
  },
  E_QUOTA: {
    kind: 'REMOTE',
    message:
      'Rapyd has taken no request for longer than --max-outage allows: a rate limit, or a block by its firewall',
    tip: 'Ask who else uses this account; run the same command again later: it goes on where it stopped.',
  },
} as const satisfies Readonly<Record<string, Stop>>

export type StopCode = keyof typeof stops

/** `detail` is a code, an offset or an operation id; never a text of Rapyd's. */
export function stopError(code: StopCode, detail: string): BulkUpdateError {
  const { kind, message, tip, withDetail = (text) => ` (${text})` }: Stop = stops[code]
  return new BulkUpdateError(kind, code, detail === '' ? message : message + withDetail(detail), tip)
}
