/** What stops a whole run, in the user's words. None of these is the fault of a row. */
import { BulkUpdateError } from '../errors.ts'

export type StopCode =
  | 'E_AUTH'
  | 'E_CLOCK'
  | 'E_TLS'
  | 'E_REDIRECT'
  | 'E_WRONG_CUSTOMER'
  | 'E_NOT_API'
  | 'E_REMOTE_DOWN'
  | 'E_QUOTA'

/** `detail` is a code, an offset or an operation id; never a text of Rapyd's. */
export function stopError(code: StopCode, detail: string): BulkUpdateError {
  const behind = detail === '' ? '' : ` (${detail})`
  switch (code) {
    case 'E_AUTH':
      return new BulkUpdateError(
        'AUTH',
        code,
        `Rapyd refuses the credentials${behind}`,
        'Check that both keys belong together, are active, and belong to this environment (--env), then run the same command again.',
      )
    case 'E_CLOCK':
      return new BulkUpdateError(
        'AUTH',
        code,
        `Rapyd refuses the time of this machine${detail === '' ? '' : `: it is ${detail} ms off`}`,
        'Set the clock of this machine, then run the same command again.',
      )
    case 'E_TLS':
      return new BulkUpdateError(
        'REMOTE',
        code,
        `the server's certificate cannot be trusted${behind}`,
        'Check the host, the date of this machine, and any proxy in between, then run the same command again.',
      )
    case 'E_REDIRECT':
      return new BulkUpdateError(
        'REMOTE',
        code,
        'the server answers with a redirect, which is never followed',
        'Check --base-url: Rapyd does not redirect.',
      )
    case 'E_WRONG_CUSTOMER':
      return new BulkUpdateError(
        'REMOTE',
        code,
        `an answer named another customer than the one sent${behind}`,
        'Report the operation id to Rapyd before going on.',
      )
    case 'E_NOT_API':
      return new BulkUpdateError(
        'REMOTE',
        code,
        `the answer is not from the Rapyd API${behind}`,
        'Check --base-url and any proxy or portal in between.',
      )
    case 'E_REMOTE_DOWN':
      return new BulkUpdateError(
        'REMOTE',
        code,
        `Rapyd cannot be reached${behind}`,
        'Run the same command again later: it goes on where it stopped.',
      )
    case 'E_QUOTA':
      return new BulkUpdateError(
        'REMOTE',
        code,
        'Rapyd has taken no request for longer than --max-outage allows: a rate limit, or a block by its firewall',
        'Ask who else uses this account; run the same command again later: it goes on where it stopped.',
      )
    default:
      return code satisfies never
  }
}
