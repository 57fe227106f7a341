/**
 * Whether Rapyd takes what a run sends. The answer to each update is compared with the request. The first answer that differs in a
 * field waits for a reading: if the customer has the value, answers do not show that field. A field that none of the first answers
 * has taken stops the run.
 */
import { countUp } from '../model/collections.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { isJsonObject, parseJson, type JsonObject } from '../model/json.ts'
import { shellWord, shownNames } from '../model/text.ts'
import { fieldOf, type Outcome, type UpdateRequest } from '../model/row.ts'
import type { Run } from '../model/store.ts'
import type { Result } from '../http/call-state.ts'
import { compareAnswer, pathsWithin, type TakenFinding } from '../rapyd/taken.ts'
import type { ReadCustomer } from '../http/ports.ts'

export type AnswerCheck = ReturnType<typeof createAnswerCheck>

export interface AnswerCheckParts {
  readonly run: Pick<Run, 'note' | 'noteLater'>
  /** `--accept-not-taken`: paths of fields. */
  readonly accepted: readonly string[]
  /** Undefined if customers may not be read. */
  readonly read: ReadCustomer | undefined
  readonly stop: (error: Error) => void
}

/** This many answers with a field decide whether Rapyd takes it. */
const firstAnswers = 10
/** Further fields are not counted: every row of NDJSON may have other keys of metadata. */
const mostFields = 1_000

const answersNote = 'answers'

interface FieldAnswers {
  readonly answers: number
  readonly notTaken: number
}

interface Examined {
  readonly found: ReadonlyMap<string, TakenFinding>
  readonly refused: ReadonlySet<string>
}

export function createAnswerCheck({ run, accepted, read, stop }: AnswerCheckParts) {
  const kept = readAnswers(run)
  const counts = new Map(Object.entries(kept.fields))
  const hidden = new Set(kept.hidden)
  const unproved = new Map(Object.entries(kept.unproved))
  const acceptedNames = new Set(accepted.map((path) => (fieldOf(path) === 'metadata' ? path : fieldOf(path))))
  /** Fields whose first difference was read, or is being read. */
  const readings = new Map<string, Promise<void>>()
  for (const [name, { notTaken }] of counts) if (notTaken > 0) readings.set(name, Promise.resolve())
  /** Rows whose outcome is not stored yet. */
  const examined = new Map<number, Examined>()

  const isAccepted = (name: string): boolean => acceptedNames.has(name) || acceptedNames.has(fieldOf(name))
  const isIgnored = (name: string): boolean =>
    counts.get(name)?.notTaken === firstAnswers && !isAccepted(name)

  async function readFirst(
    request: UpdateRequest,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const reading = await read?.(request.customerId, signal)
      if (reading?.kind === 'found') {
        const found = compareAnswer(request, reading.customer)
        for (const name of names) if (found.get(name) === 'taken') hidden.add(name)
        return
      }
    } catch (error) {
      // The row was applied, so it gets its outcome; what stops the run stops it at the next request.
      if (!signal.aborted && !(error instanceof BulkUpdateError)) throw error
    }
    for (const name of names) readings.delete(name)
  }

  return {
    /** Compares an answer with its request. Resolves with undefined if Rapyd has taken all of it. */
    async examine(
      request: UpdateRequest,
      customer: JsonObject,
      signal: AbortSignal,
    ): Promise<Result | undefined> {
      const found = compareAnswer(request, customer)
      const differing = [...found].flatMap(([name, finding]) =>
        (finding === 'not_taken' || finding === 'not_cleared') && !isAccepted(name) ? [name] : [],
      )
      const fresh = differing.filter((name) => !readings.has(name))
      const reading = fresh.length > 0 ? readFirst(request, fresh, signal) : undefined
      if (reading !== undefined) for (const name of fresh) readings.set(name, reading)
      await Promise.all(differing.flatMap((name) => readings.get(name) ?? []))
      const refused = new Set(differing.filter((name) => !hidden.has(name)))
      examined.set(request.row, { found, refused })
      return refused.size === 0 ? undefined : describeRefused(request, found, [...refused])
    },
    /** Counts a row whose outcome is about to be stored. Stops the run after the first answers with a field that is never taken. */
    settle({ row }: Outcome): void {
      const { found, refused } = examined.get(row) ?? nothing
      examined.delete(row)
      let isChanged = false
      for (const [name, finding] of found) {
        if (finding !== 'taken' && !refused.has(name)) {
          countUp(unproved, name)
          isChanged = true
        }
        const { answers, notTaken } = counts.get(name) ?? { answers: 0, notTaken: 0 }
        if (answers === firstAnswers || isAccepted(name) || (answers === 0 && counts.size >= mostFields))
          continue
        counts.set(name, { answers: answers + 1, notTaken: notTaken + (refused.has(name) ? 1 : 0) })
        isChanged = true
      }
      if (!isChanged) return
      const noted = {
        fields: Object.fromEntries(counts),
        hidden: [...hidden],
        unproved: Object.fromEntries(unproved),
      }
      run.noteLater(answersNote, JSON.stringify(noted))
      const ignored = [...found.keys()].filter(isIgnored)
      if (ignored.length > 0) stop(notTakenError(ignored))
    },
    /** Throws REMOTE, E_NOT_TAKEN, if an earlier session ended so and the field is not accepted. */
    refuseIgnored(): void {
      const ignored = [...counts.keys()].filter(isIgnored)
      if (ignored.length > 0) throw notTakenError(ignored)
    },
  }
}

const nothing: Examined = { found: new Map(), refused: new Set() }

/** The result of a row that was taken in part, or not at all. */
function describeRefused(
  { fields }: UpdateRequest,
  found: ReadonlyMap<string, TakenFinding>,
  refused: readonly string[],
): Result {
  const set = refused.filter((name) => found.get(name) === 'not_taken')
  const cleared = refused.filter((name) => found.get(name) === 'not_cleared')
  const parts = [
    set.length > 0 ? `did not take ${shownNames(set)}` : '',
    cleared.length > 0 ? `did not clear ${shownNames(cleared)}` : '',
  ]
  return {
    outcome: 'rejected',
    code: set.length > 0 ? 'E_NOT_TAKEN' : 'E_NOT_CLEARED',
    field: refused.join(';'),
    message: `Rapyd answered with success and ${parts.filter((part) => part !== '').join(', and ')}`,
    notTaken: pathsWithin(fields, refused).join(';'),
  }
}

function notTakenError(names: readonly string[]): BulkUpdateError {
  const listed = shownNames(names)
  return errorOf('E_NOT_TAKEN', 'never_taken', {
    answers: firstAnswers,
    listed,
    word: shellWord(names.join(',')),
  })
}

/** Fields that were sent and whose value no answer has shown, with their rows. */
export function unprovedFields(run: Pick<Run, 'note'>): Readonly<Record<string, number>> {
  return readAnswers(run).unproved
}

interface NotedAnswers {
  readonly fields: Readonly<Record<string, FieldAnswers>>
  readonly hidden: readonly string[]
  readonly unproved: Readonly<Record<string, number>>
}

function readAnswers(run: Pick<Run, 'note'>): NotedAnswers {
  const text = run.note(answersNote)
  const found: unknown = text === undefined ? undefined : parseJson(text)
  return isNoted(found) ? found : { fields: {}, hidden: [], unproved: {} }
}

/** This file wrote it, so only its shape is examined. */
function isNoted(found: unknown): found is NotedAnswers {
  return (
    isJsonObject(found) &&
    isJsonObject(found['fields']) &&
    isJsonObject(found['unproved']) &&
    Array.isArray(found['hidden'])
  )
}
