import { describe, expect, it } from 'vitest'
import { classify, classifyRemoval, readEnvelope } from '../../../src/rapyd/response.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const success = (data: unknown) =>
  JSON.stringify({ status: { status: 'SUCCESS', error_code: '', operation_id: 'op' }, data })
const failure = (error_code: string, message = '', response_code = error_code) =>
  JSON.stringify({ status: { status: 'ERROR', error_code, message, response_code, operation_id: 'op' } })

const idOf = (operation_id: unknown) =>
  readEnvelope(JSON.stringify({ status: { status: 'SUCCESS', operation_id }, data: { id } }))?.operationId

describe('an operation id', () => {
  it('is kept if it is one', () => expect(idOf('b6bf86d2-4a0b-4a9c')).toBe('b6bf86d2-4a0b-4a9c'))

  it.each(['x'.repeat(1_000_000), '<script>', '\u001b]0;a\u0007', 'a@example.com', 'two words', 7, null])(
    'of another form is left out (%#)',
    (text) => expect(idOf(text)).toBe(''),
  )
})

describe('classify', () => {
  it.each([
    ['a success for the customer', 200, success({ id }), { kind: 'updated' }],
    ['201 as well', 201, success({ id }), { kind: 'updated' }],
    [
      'a success for another customer',
      200,
      success({ id: 'cus_other' }),
      { kind: 'stop', code: 'E_WRONG_CUSTOMER' },
    ],
    ['a success without data', 200, success(undefined), { kind: 'ambiguous', code: 'E_BAD_RESPONSE' }],
    [
      '200 with an error inside',
      200,
      failure('INVALID_CUSTOMER_EMAIL'),
      { kind: 'rejected', code: 'E_API', apiCode: 'INVALID_CUSTOMER_EMAIL', field: 'email' },
    ],
    ['an empty 200', 200, '', { kind: 'ambiguous', code: 'E_BAD_RESPONSE' }],
    ['cut JSON', 200, success({ id }).slice(0, -3), { kind: 'ambiguous', code: 'E_BAD_RESPONSE' }],
    ['a portal page', 200, '<html>log in</html>', { kind: 'ambiguous', code: 'E_NOT_API' }],
    ['JSON without a status', 200, '{"a":1}', { kind: 'ambiguous', code: 'E_BAD_RESPONSE' }],
    ['a redirect', 302, '', { kind: 'stop', code: 'E_REDIRECT' }],
    [
      'an unknown customer',
      400,
      failure('INVALID_CUSTOMER_ID'),
      { kind: 'rejected', code: 'E_CUSTOMER_NOT_FOUND' },
    ],
    ['a bare string', 400, '"Invalid input"', { kind: 'rejected', code: 'E_API', apiCode: '' }],
    [
      'a code that names its field',
      400,
      failure('INVALID_FIELDS', '', 'INVALID_FIELDS - [BIRTH_COUNTRY]'),
      { kind: 'rejected', apiCode: 'INVALID_FIELDS', field: 'birth_country' },
    ],
    ['missing headers', 400, failure('MISSING_AUTHENTICATION_HEADERS'), { kind: 'stop', code: 'E_AUTH' }],
    [
      'a bad key',
      401,
      failure('UNAUTHENTICATED_API_CALL', 'See the Account Details page'),
      { kind: 'stop', code: 'E_AUTH' },
    ],
    [
      'a malformed key',
      401,
      failure('UNAUTHENTICATED_API_CALL', 'The access_key header is not valid'),
      { kind: 'stop', code: 'E_AUTH' },
    ],
    [
      'a bad signature',
      401,
      failure('UNAUTHENTICATED_API_CALL', 'The signature did not match'),
      { kind: 'resign', why: 'signature' },
    ],
    [
      'an old timestamp',
      401,
      failure('UNAUTHENTICATED_API_CALL', 'timestamp header is out of allowed range'),
      { kind: 'resign', why: 'clock' },
    ],
    [
      'a used salt',
      401,
      failure('UNAUTHENTICATED_API_CALL', 'salt header value is not valid, same value used not long ago'),
      { kind: 'resign', why: 'salt' },
    ],
    [
      'an id of another environment',
      401,
      failure('UNAUTHORIZED_API_CALL'),
      { kind: 'rejected', code: 'E_CUSTOMER_NOT_HERE' },
    ],
    ['a forbidden call', 403, failure('FORBIDDEN'), { kind: 'rejected', code: 'E_FORBIDDEN' }],
    ['a firewall page', 403, '<html>blocked</html>', { kind: 'throttled' }],
    [
      'a page with 503',
      503,
      '<html>busy</html>',
      { kind: 'ambiguous', code: 'E_SERVER', reason: 'http_503' },
    ],
    ['429', 429, '', { kind: 'throttled' }],
    ['an empty 500', 500, '', { kind: 'ambiguous', code: 'E_SERVER', reason: 'http_500' }],
    ['502 from a gateway', 502, '<html>', { kind: 'ambiguous', code: 'E_SERVER' }],
    ['524, a time-out of a gateway', 524, '<html>', { kind: 'ambiguous', code: 'E_SERVER' }],
    ['507', 507, '', { kind: 'ambiguous', code: 'E_SERVER' }],
    ['409', 409, '', { kind: 'ambiguous', code: 'E_SERVER' }],
    ['413', 413, '', { kind: 'rejected', code: 'E_TOO_LARGE' }],
    ['501', 501, '', { kind: 'rejected', code: 'E_API' }],
  ])('reads %s', (_what, status, body, expected) => {
    expect(classify({ status, body }, id)).toMatchObject(expected)
  })

  it('lets no text pass for a code', () => {
    const answer = classify({ status: 400, body: failure('jane@example.com is bad') }, id)
    expect(JSON.stringify(answer)).not.toContain('jane')
  })
})

describe('the code and the words of a refusal', () => {
  it.each([
    ['A_CODE - [EMAIL, PHONE_NUMBER]', '', 'A_CODE', 'email;phone_number', ''],
    ['A_CODE - [EMAIL] - [NAME]', '', 'A_CODE', 'email;name', ''],
    ['A_CODE - [05] Do not honor', 'Try again', 'A_CODE', '05', 'Do not honor: Try again'],
    ['Refused: A_CODE', 'No', 'A_CODE', '', 'Refused: No'],
    ['A_CODE: amount: too high', '', 'A_CODE', '', 'amount: too high'],
    ['A_CODE - [first name]', '', 'A_CODE', '', '[first name]'],
    ['A_CODE - [JANE_DOE]', '', 'A_CODE', '', '[JANE_DOE]'],
    ['4111111111111111', '', '', '', '4111111111111111'],
    ['CODE_4111111111111111', '', '', '', 'CODE_4111111111111111'],
    ['jo_do@example.com is bad', 'JO_DO@EXAMPLE.COM', '', '', 'jo_do@example.com is bad: JO_DO@EXAMPLE.COM'],
    ['A_CODE', 'one\ntwo\u0000\u001b[31m', 'A_CODE', '', 'one\\ntwo\\x00\\x1b[31m'],
    ['A_CODE', 'x'.repeat(2_000), 'A_CODE', '', `${'x'.repeat(299)}…`],
  ])('of %j and %j keep each part', (code, message, errorCode, field, words) => {
    expect(readEnvelope(failure(code, message))).toMatchObject({ errorCode, field, words })
  })
})

const nested = (levels: number) =>
  `{"status":{"status":"SUCCESS"},"data":${'['.repeat(levels)}${']'.repeat(levels)}}`

describe('a text that is none of its kind', () => {
  const plain = {
    error_code: 'A_CODE',
    status: 'ERROR',
    message: 'No',
    response_code: 'A_CODE',
    operation_id: 'op-1',
  }
  it.each([
    [false, {}],
    [false, { error_code: 'A_CODE - [EMAIL]', message: 'No.\n', operation_id: '' }],
    [true, { error_code: 'jane@example.com' }],
    [true, { response_code: 'A_CODE - [JANE]' }],
    [true, { message: 'x'.repeat(1_001) }],
    [true, { message: '\u001b[31m' }],
    [true, { message: { text: 'No' } }],
    [true, { operation_id: '4111111111111111' }],
  ])('is %s of %j', (hasUnfitText, others) =>
    expect(readEnvelope(JSON.stringify({ status: { ...plain, ...others } }))).toMatchObject({ hasUnfitText }),
  )

  it('leaves no answer where values are deeper than any that Rapyd takes', () => {
    expect(readEnvelope(nested(60))).toBeDefined()
    for (const levels of [64, 500_000]) expect(readEnvelope(nested(levels))).toBeUndefined()
  })
})

describe('classifyRemoval', () => {
  it.each([
    ['a discount that was removed', 200, success({ id: 'dis_1', deleted: true }), { kind: 'updated' }],
    ['the id of the customer itself', 200, success({ id, deleted: true }), { kind: 'updated' }],
    ['no discount', 400, failure('ERROR_DELETE_CUSTOMER_DISCOUNT'), { kind: 'updated' }],
    ['no discount inside of a 200', 200, failure('ERROR_DELETE_CUSTOMER_DISCOUNT'), { kind: 'updated' }],
    [
      'no discount behind a server error',
      500,
      failure('ERROR_DELETE_CUSTOMER_DISCOUNT'),
      { kind: 'ambiguous' },
    ],
    ['another code', 400, failure('ERROR_GET_CUSTOMER'), { kind: 'rejected', code: 'E_CUSTOMER_NOT_FOUND' }],
    ['nothing that says so', 200, success({ id: 'dis_1' }), { kind: 'ambiguous', code: 'E_BAD_RESPONSE' }],
    ['deleted: false', 200, success({ deleted: false }), { kind: 'ambiguous' }],
    [
      'another customer',
      200,
      success({ id: 'cus_2', deleted: true }),
      { kind: 'stop', code: 'E_WRONG_CUSTOMER' },
    ],
    ['a page', 200, '<html>', { kind: 'ambiguous', code: 'E_NOT_API' }],
    ['429', 429, '', { kind: 'throttled' }],
  ])('%s', (_, status, body, expected) => {
    expect(classifyRemoval({ status, body }, id)).toMatchObject(expected)
  })
})
