/**
 * `--only-changed` in a run: asked inside the lane, when earlier rows of the customer are settled. Around every call the state is
 * kept true: what is about to be sent is unknown from its intent on until its outcome is durable.
 */
import type { ConfirmedFields, Digests, Outcome } from '../model/outcome.ts'
import { countEach } from '../model/collections.ts'
import { withoutCall } from '../model/outcome.ts'
import { fieldOf } from '../model/row.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { parseBody, narrowRequest } from '../rapyd/requests.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import type { RunJournal } from '../store/journal.ts'
import { readDoubted } from './doubted-fields.ts'
import type { DoubtedParts } from './doubted-fields.ts'
import { leftOutKey, beginningKey, exportKey, stepKey, stepOf, stepText } from './journal-words.ts'
import type { Sync } from './open-sync.ts'
import { systemClock } from '../http/clock.ts'
import type { RunParts } from './parts.ts'
import { takeStep } from './last-step.ts'
import { takeFrom } from './take-from-journal.ts'

export interface SyncSending {
  /** Calls through what is confirmed, and notes what becomes of them. */
  around(deliver: Send, looking: Pick<DoubtedParts, 'read' | 'isInDoubt' | 'settleAfterMs'>): Send
  /** The journal's, and as durable: beside it the state forgets what the call is about to change. */
  readonly intend: RunJournal['intend']
  /** What the journal notes with an outcome. */
  confirmedBy(outcome: Outcome): ConfirmedFields | undefined
  /** Brings the state up to a row whose outcome is durable. */
  settled(confirmed: ConfirmedFields): Promise<void>
}

export interface SyncSendingParts {
  readonly sync: Sync
  readonly journal: Pick<RunJournal, 'get' | 'note' | 'intend' | 'sent' | 'inDoubt' | 'isInDoubt'>
  readonly identity: RunIdentity
  readonly clock: Pick<Clock, 'wall' | 'sleep'>
  /** Rows that changed are sent whole. */
  readonly wholeRows: boolean
}

export function createSyncSending(parts: SyncSendingParts): SyncSending {
  const { sync, journal, identity, clock } = parts
  const { state, digests } = sync
  /** Of rows whose call has ended and whose outcome is not durable yet. */
  const ended = new Map<number, ConfirmedFields>()
  const underWay = new Map<number, UnderWay>()
  let leftOut = Number(journal.get(leftOutKey) ?? 0)

  /** The fields to send; none where the customer holds them all. An earlier session has decided about a row in doubt. */
  function fieldsToSend({ row }: UpdateRequest, wanted: Digests, known: Digests): readonly string[] {
    const fields = Object.keys(wanted)
    const sent = journal.inDoubt.has(row) ? journal.sent(row)?.fields : undefined
    if (sent !== undefined) return fields.filter((field) => sent.includes(field))
    if (!sync.isOnlyChanged || journal.inDoubt.has(row)) return fields
    const changed = fields.filter((field) => known[field] !== wanted[field])
    return changed.length > 0 && parts.wholeRows ? fields : changed
  }

  /** What is known now, and a time for what changes it: a clock that was put back must not make it older than that. */
  function standing(customerId: string): Pick<UnderWay, 'known' | 'at'> {
    const { digests: known, at } = state.known(customerId)
    return { known, at: Math.max(clock.wall(), at + 1) }
  }

  async function change(
    deliver: Send,
    request: UpdateRequest,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    if (signal.aborted) return undefined
    const { customerId, row } = request
    const wanted = digests.of(customerId, request.body)
    const sends = { ...standing(customerId), isForgotten: false }
    const fields = fieldsToSend(request, wanted, sends.known)
    if (fields.length === 0) return withoutCall(request, customerId, 'unchanged', { message: asConfirmed })
    const isWhole = fields.length === Object.keys(wanted).length
    const sent = isWhole ? request : narrowRequest(request, new Set(fields), identity)
    underWay.set(row, sends)
    const outcome = await deliver(sent, signal)
    underWay.delete(row)
    const since = sends.at
    const confirmed = outcome?.outcome === 'updated' ? afterwards(outcome, sent, wanted) : {}
    if (outcome?.outcome === 'updated') {
      ended.set(row, { customerId, digests: confirmed, at: Math.max(since, outcome.finishedAt), since })
      leftOut += Object.keys(wanted).length - fields.length
    }
    if (outcome !== undefined && isDoubtful(outcome)) {
      // Another run may have confirmed something meanwhile, and this call may have come behind it.
      const others = fields.filter((field) => confirmed[field] === undefined)
      await state.forget(customerId, others, Math.max(since, clock.wall()), since)
    } else if (
      sends.isForgotten &&
      (outcome === undefined ? !journal.isInDoubt(row) : wasNotApplied(outcome))
    ) {
      // Nothing has changed: what was known still is.
      await state.confirm({ customerId, digests: only(sends.known, fields), at: since })
    }
    return outcome
  }

  return {
    around(deliver, looking) {
      const looked = readDoubted(deliver, { ...looking, state, digests, clock, identity })
      return (request, signal) => change(looked, request, signal)
    },
    intend(request) {
      const sends = underWay.get(request.row)
      if (sends === undefined || sends.isForgotten) return journal.intend(request)
      // While it waited for its turn, another run may have changed what is known.
      const { known, at } = standing(request.customerId)
      sends.known = known
      sends.at = at
      sends.isForgotten = true
      // Not all that were asked for: a look may have left out some.
      const fields = Object.keys(parseBody(request.body))
      const intent = journal.intend({ ...request, sends: { fields, at } })
      const forgetting = state.forget(request.customerId, fields, at)
      return intent === undefined ? forgetting : both(intent, forgetting)
    },
    confirmedBy({ row }) {
      const found = ended.get(row)
      ended.delete(row)
      if (found !== undefined && leftOut > 0) journal.note(leftOutKey, String(leftOut))
      return found
    },
    settled: (confirmed) => state.confirm(confirmed),
  }
}

/** A row that is being sent. */
interface UnderWay {
  /** What was known before it. */
  known: Digests
  /** When its fields became unknown, milliseconds since 1970. */
  at: number
  /** Whether the state has forgotten what that was. */
  isForgotten: boolean
}

async function both(...promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises)
}

/**
 * A look at the customer may have taken fields away, or keys of metadata, because others have changed them: of those nothing is
 * known. Sending them again does no harm.
 */
function afterwards({ fields }: Outcome, sent: UpdateRequest, wanted: Digests): Digests {
  const written = pathsByField(fields)
  const whole = [...pathsByField(sent.fields)].filter(([field, paths]) => written.get(field) === paths)
  return only(
    wanted,
    whole.map(([field]) => field),
  )
}

/** How many paths of each field there are. */
function pathsByField(fields: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  countEach(counts, fields.split(';').map(fieldOf))
  return counts
}

const asConfirmed = 'nothing has changed since Rapyd last confirmed it'

/** May have been applied, or a look has shown that the customer holds something else. */
function isDoubtful({ outcome, errorCode }: Outcome): boolean {
  return outcome === 'unknown' || errorCode === 'E_CHANGED_SINCE' || errorCode === 'E_DRIFTED'
}

/** Refused for what it asks, or never sent: the customer holds what it held. */
function wasNotApplied({ outcome, httpStatus }: Outcome): boolean {
  if (outcome === 'rejected') return httpStatus >= 400 && httpStatus < 500
  return outcome !== 'updated'
}

function only(digests: Digests, fields: readonly string[]): Digests {
  return Object.fromEntries(Object.entries(digests).filter(([field]) => fields.includes(field)))
}

/** Returns undefined if no state is kept. */
export async function openSyncing(
  { sync, options, remote, runId, runsDir }: RunParts,
  journal: RunJournal,
): Promise<SyncSending | undefined> {
  if (sync === undefined) return undefined
  const { state, digests } = sync
  if (stepOf(journal.get(stepKey))?.epoch !== state.epoch) {
    journal.set(beginningKey, sync.beginning)
    const { keyCheck } = digests
    const { host, account } = remote
    takeStep(state, { host, account, keyCheck }, runsDir, (step) =>
      journal.set(stepKey, stepText({ ...step, keyCheck })),
    )
  }
  if (sync.isSyncRun) journal.set(exportKey, sync.exportName)
  await takeFrom(journal, state)
  state.beginSending(runId)
  return createSyncSending({
    sync,
    journal,
    identity: { host: remote.host, runId },
    clock: systemClock,
    wholeRows: options.wholeRows,
  })
}
