/** Rapyd's answer envelope: `{status: {error_code, status, message, response_code, operation_id}, data}`. */
import { isJsonObject, parseJson } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'

export interface Envelope {
  readonly success: boolean
  /** Without the suffix that names a field; empty on success. */
  readonly errorCode: string
  /** From `CODE - [FIELD]`, in lower case; empty where there is none. */
  readonly field: string
  /** Only for telling answers with one code apart: texts change, and may repeat a value. */
  readonly message: string
  readonly operationId: string
  readonly data: JsonObject | undefined
  /** What a list holds. */
  readonly items: readonly JsonObject[] | undefined
}

/** Reads a body. `undefined` for whatever is not an envelope: HTML, a bare string, nothing, cut JSON. */
export function readEnvelope(body: string): Envelope | undefined {
  const answer = parseJson(body)
  if (!isJsonObject(answer) || !isJsonObject(answer['status'])) return undefined
  const status = answer['status']
  if (status['status'] !== 'SUCCESS' && status['status'] !== 'ERROR') return undefined
  const { data } = answer
  const [errorCode, field] = splitCode(textOf(status['error_code']))
  const [responseCode, responseField] = splitCode(textOf(status['response_code']))
  return {
    success: status['status'] === 'SUCCESS',
    errorCode: errorCode || responseCode,
    field: field || responseField,
    message: textOf(status['message']),
    operationId: textOf(status['operation_id']),
    data: isJsonObject(data) ? data : undefined,
    items: Array.isArray(data) ? data.filter(isJsonObject) : undefined,
  }
}

export function isJson(body: string): boolean {
  return parseJson(body) !== undefined
}

/** `INVALID_FIELDS - [SEARCH_CRITERIA]` names the field behind the code. */
function splitCode(text: string): [code: string, field: string] {
  const at = text.indexOf(' - [')
  if (at < 0) return [safeCode(text), '']
  return [safeCode(text.slice(0, at)), safeCode(text.slice(at + 4).replace(/\].*$/s, '')).toLowerCase()]
}

/** Codes go into reports, so nothing but a code may pass for one. */
function safeCode(text: string): string {
  return /^[A-Za-z0-9_.,-]{1,80}$/.test(text) ? text : ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
