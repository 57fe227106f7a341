/** Answers that no API gives: megabytes, escapes and personal data in every part. */
import { gzipSync } from 'node:zlib'

export const id = (row: number) => `cus_${String(row).padStart(32, '0')}`
/** What must be in no output but where the words of Rapyd belong. */
export const canaries = ['zz.canary@example.com', '4111111111111111', 'Zzjane Doe']
/** Escape sequences, and marks that change the direction of text. */
export const escapes = '\u001b[31m\u009b2J\u202e\u2066\u0000'
export const personal = `${canaries.join(' ')} ${escapes}`

export interface Asked {
  readonly method: string
  readonly id: string
  readonly number: number
}
export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}
/** Undefined: as Rapyd would. */
export type Hostility = (asked: Asked) => Answer | undefined

export const success = (data: string): string =>
  `{"status":{"error_code":"","status":"SUCCESS","message":"","response_code":"","operation_id":"op"},"data":${data}}`
const failure = (code: unknown, message: unknown, operation: unknown = 'op'): string =>
  JSON.stringify({
    status: { error_code: code, status: 'ERROR', message, response_code: code, operation_id: operation },
  })
/** A customer, or a page of customers, whose further members are `members`. */
const customer =
  (members: string) =>
  (asked: Asked): Answer => ({
    body: success(
      asked.id === ''
        ? `[${[1, 2, 3].map((row) => `{"id":"${id(row)}",${members}}`).join(',')}]`
        : `{"id":"${asked.id}",${members}}`,
    ),
  })
const text = (value: string) => JSON.stringify(value)
export const refused =
  (code: unknown, message: unknown, operation?: unknown): Hostility =>
  () => ({ status: 400, body: failure(code, message, operation) })

const toUpdates =
  (kind: Hostility): Hostility =>
  (asked) =>
    asked.method === 'GET' ? undefined : kind(asked)

/** What each answer is. */
export const lasting: Readonly<Record<string, Hostility>> = {
  '20,000 keys with personal data': customer(
    `"name":"A","metadata":{${Array.from({ length: 20_000 }, (_, key) => `${text(`${personal}${key}`)}:1`).join(',')}}`,
  ),
  'numbers under keys of half a megabyte': customer(
    `"name":"A","metadata":{${text(personal + 'x'.repeat(400_000))}:1.50,"b":"c"}`,
  ),
  'names that objects have of themselves': customer(
    `"name":"A","__proto__":{"id":"x"},"discount":{"coupon":{"id":"x","__proto__":{}}},"metadata":{"__proto__":{"a":"b"},"constructor":"x","toString":"y","hasOwnProperty":"z","tier":"t"}`,
  ),
  'a coupon and a name of half a megabyte': customer(
    `"name":${text(personal + 'x'.repeat(200_000))},"metadata":{"tier":"a","b":"c"},"discount":{"coupon":{"id":${text(personal + 'y'.repeat(200_000))}}}`,
  ),
  'codes that are personal data': toUpdates(({ number }) => ({
    status: 400,
    body: failure(canaries[number % 3], 'm'),
  })),
  'a code of its own in each answer': toUpdates(({ number }) => ({
    status: 400,
    body: failure(`ERROR_${number}_${'X'.repeat(2_000)} - [${canaries[1]}, ZZJANE]`, personal),
  })),
  'a code of its own before half a megabyte': toUpdates(({ number }) => ({
    status: 400,
    body: failure(`ERROR_OF_ITS_OWN_${number} ${'x'.repeat(500_000)}`, 'm'),
  })),
  'messages of megabytes': toUpdates(
    refused('ERROR_UPDATE_CUSTOMER', personal.repeat(9_000), personal.repeat(2_000)),
  ),
  'envelopes of other types': toUpdates(refused([{ a: personal }], { b: personal }, 7)),
  'an unauthenticated message': () => ({
    status: 401,
    body: failure('UNAUTHENTICATED_API_CALL', `signature ${personal}`),
  }),
  'a redirect': () => ({
    status: 302,
    headers: { location: `https://${canaries[1]}.example/` },
    body: personal,
  }),
  'headers of 15 kB': () => ({
    status: 400,
    headers: { date: 'x'.repeat(14_000), 'retry-after': '9'.repeat(900) },
    body: failure('E_X', 'm'),
  }),
  'a limit for ever': () => ({ status: 429, headers: { 'retry-after': '9'.repeat(900) }, body: personal }),
}

const bomb = gzipSync(Buffer.alloc(20_000_000, 0x5b))

/** What only the first answer about each customer is: such answers are asked for again. */
export const passing: Readonly<Record<string, Hostility>> = {
  'metadata of 100,000 levels': customer(
    `"name":"A","metadata":{"tier":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ),
  'addresses of 50,000 levels': customer(
    `"name":"A","metadata":{"tier":"a"},"addresses":${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`,
  ),
  'a page of an error': () => ({ status: 500, body: `<html>${personal}</html>` }),
  'ten megabytes': () => ({ body: success(`{"x":"${'x'.repeat(10_000_000)}"}`) }),
  'a bomb of gzip': () => ({
    headers: { 'content-encoding': 'gzip' },
    body: bomb,
  }),
  'brackets without an end': () => ({ body: '['.repeat(1_000_000) }),
}
