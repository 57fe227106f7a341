/** Signs a request at the moment it goes on the wire: salt and timestamp age, so neither is made earlier or used twice. */
import type { ApiRequest, ApiResponse, Clock, SignedRequest } from '../model/ports.ts'
import { newSalt, sign, toTimestamp } from '../rapyd/signature.ts'
import type { Credentials } from '../rapyd/signature.ts'

export interface Signer {
  sign(request: ApiRequest): SignedRequest
  /** Takes the server's clock from an answer's `Date` header. Gives the offset in milliseconds, or nothing without a header. */
  correctClock(response: ApiResponse): number | undefined
}

export function createSigner(credentials: Credentials, clock: Clock): Signer {
  let offsetMs = 0
  return {
    sign(request) {
      const salt = newSalt()
      const timestamp = toTimestamp(clock.wall() + offsetMs)
      const { method, path, body } = request
      const signature = sign(credentials, { method, path, salt, timestamp, body })
      const headers = {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        access_key: credentials.accessKey,
        salt,
        timestamp,
        signature,
        ...(request.idempotencyKey === undefined ? {} : { idempotency: request.idempotencyKey }),
      }
      return { method, path, body, headers }
    },
    correctClock(response) {
      const server = Date.parse(String(response.headers['date'] ?? ''))
      if (Number.isNaN(server)) return undefined
      offsetMs = server - clock.wall()
      return offsetMs
    },
  }
}
