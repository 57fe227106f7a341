/** The table of canary mutants: small wrongs, each of which has to turn at least one of the tests named beside it red. */

export interface Mutant {
  readonly title: string
  /** Under `src`. */
  readonly file: string
  /** Each text has to be there exactly once; what takes its place. */
  readonly edits: readonly (readonly [from: string, to: string])[]
  /** Under `test`. */
  readonly tests: readonly string[]
}

const crash = ['chaos/crash.test.ts']
const races = ['chaos/races.test.ts']
const sender = ['unit/http/sender.test.ts']

export const mutants: readonly Mutant[] = [
  {
    title: 'the intent is not waited for',
    file: 'http/call.ts',
    edits: [['if (durable !== undefined) await durable', 'if (durable !== undefined) void durable']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'without windows the intent is not waited for',
    file: 'http/call.ts',
    edits: [['if (!hasWindows) await intend(request)', 'if (!hasWindows) void intend(request)']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'requests in flight have no gate',
    file: 'http/call.ts',
    edits: [['await gate(send, request, signal, options)', 'await send(request, signal, options)']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'a row is tried once more than it may be',
    file: 'http/retry.ts',
    edits: [['context.retriesConsumed < attempts - 1', 'context.retriesConsumed < attempts']],
    tests: ['unit/http/retry.test.ts'],
  },
  {
    title: 'what is throttled costs an attempt',
    file: 'http/retry.ts',
    edits: [['shouldConsumeRetry: (context) => !costsNothing(context)', 'shouldConsumeRetry: () => true']],
    tests: ['unit/http/retry.test.ts'],
  },
  {
    title: 'rows that wait for a place stay in doubt for as long as others are in flight',
    file: 'http/call.ts',
    edits: [['entrance.close(reason)', 'void reason']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'what a killed process had on the wire is forgotten',
    file: 'store/quota.ts',
    edits: [['insert.run(holder, now + longestRequestMs)', 'insert.run(holder, now - longestMs)']],
    tests: ['contract/quota.test.ts'],
  },
  {
    title: 'the circuit never opens',
    file: 'http/circuit-breaker.ts',
    edits: [['failuresInARow >= mostInARow || isHalf', 'failuresInARow < 0 && isHalf']],
    tests: ['unit/http/circuit-breaker.test.ts'],
  },
  {
    title: 'many requests are in flight before a row was updated',
    file: 'http/limiter-state.ts',
    edits: [['return isProven ? limit : 1', 'return isProven ? limit : limit']],
    tests: ['unit/http/rate-limiter.test.ts'],
  },
  {
    title: 'the outcome is written after the lane has gone on',
    file: 'engine/sending.ts',
    edits: [
      [
        'const durable = journal.settle(outcome, confirmed)',
        'const durable = Promise.resolve(void setTimeout(() => void journal.settle(outcome, confirmed), 50))',
      ],
    ],
    tests: crash,
  },
  {
    title: 'intents and outcomes resolve before the commit',
    file: 'store/group-commit.ts',
    edits: [['return promise\n', 'return Promise.resolve()\n']],
    tests: ['unit/store/group-commit.test.ts', ...crash],
  },
  {
    title: 'a commit that failed is tried again',
    file: 'store/group-commit.ts',
    edits: [['      failure = { error }\n', '']],
    tests: ['unit/store/group-commit.test.ts'],
  },
  {
    title: 'no lock',
    file: 'store/lock.ts',
    edits: [['; BEGIN EXCLUSIVE', '']],
    tests: races,
  },
  {
    title: 'no run id in the key',
    file: 'rapyd/requests.ts',
    edits: [['${parts.runId}\\n', '']],
    tests: races,
  },
  {
    title: 'no row number in the key',
    file: 'rapyd/requests.ts',
    edits: [['${parts.row}\\n', '']],
    tests: ['unit/rapyd/requests.test.ts'],
  },
  {
    title: 'a key of its own for every session',
    file: 'rapyd/requests.ts',
    edits: [['${parts.row}\\n', '${parts.row}\\n${process.pid}\\n']],
    tests: crash,
  },
  {
    title: 'reading back always finds a difference',
    file: 'http/read-customer.ts',
    edits: [['return compareWith(request, reading.customer)', "return 'different'"]],
    tests: crash,
  },
  {
    title: 'a plain row is sent again without being read back',
    file: 'http/sender.ts',
    edits: [['if (state.inDoubt && !state.isReadBack)', 'if (state.inDoubt && !state.isRepeatable)']],
    tests: sender,
  },
  {
    title: 'doubt is forgotten on resume',
    file: 'engine/sending.ts',
    edits: [['...journal.inDoubt]', ']']],
    tests: crash,
  },
  {
    title: 'a row in doubt is read back at once',
    file: 'http/sender.ts',
    edits: [['await waitUntil(until, signal)', 'void until']],
    tests: sender,
  },
  {
    title: 'a later row overtakes an attempt that may still arrive',
    file: 'http/sender.ts',
    edits: [['held.hold(request.customerId, until)', 'void until']],
    tests: sender,
  },
  {
    title: 'a server error on every attempt counts as a refusal',
    file: 'http/call-state.ts',
    edits: [
      [
        "found === 'different' ? notShown : notSettled)",
        "found === 'different' ? notShown : notSettled) && rejected(state.code, '')",
      ],
    ],
    tests: sender,
  },
  {
    title: 'rows of a customer run side by side',
    file: 'engine/keyed-queue.ts',
    edits: [['if (lane !== undefined) {', 'if (lane !== undefined && tasks < 0) {']],
    tests: crash,
  },
  {
    title: 'rows with an outcome are sent again',
    file: 'engine/sending.ts',
    edits: [['rows.filter(({ row }) => !settled.has(row))', 'rows.filter(({ row }) => row > 0)']],
    tests: crash,
  },
  {
    title: 'one salt for all',
    file: 'http/call.ts',
    edits: [
      ['let offsetMs = 0', 'let offsetMs = 0\n  let kept: string | undefined'],
      ['const salt = newSalt()', 'const salt = (kept ??= newSalt())'],
    ],
    tests: crash,
  },
  {
    title: 'signed before the permit',
    file: 'http/call.ts',
    edits: [
      [
        'const permit = await limiter.acquire(',
        'const signed = signer.sign(request)\n    const permit = await limiter.acquire(',
      ],
      ['transport.exchange(signer.sign(request))', 'transport.exchange(signed)'],
    ],
    tests: races,
  },
  {
    title: 'what was signed before a stop is sent after it',
    file: 'http/transport.ts',
    edits: [['isLate || Date.now() - signedAt > connectTimeoutMs', 'isLate']],
    tests: ['unit/http/transport.test.ts'],
  },
  {
    title: 'errors are copied from a file that has changed',
    file: 'engine/report.ts',
    edits: [['await file.checkUnchanged()', '']],
    tests: ['unit/engine/sending.test.ts'],
  },
  {
    title: 'the intent of a row that was sent is taken back',
    file: 'http/sender.ts',
    edits: [['if (!state.inDoubt && (isStop', 'if ((isStop']],
    tests: sender,
  },
  {
    title: 'addresses count as harmless to repeat',
    file: 'rapyd/requests.ts',
    edits: [["('coupon' in patch || 'addresses' in patch)", "('coupon' in patch)"]],
    tests: ['unit/rapyd/requests.test.ts'],
  },
  {
    title: 'what holds a coupon is sent again though it cannot be read',
    file: 'http/call-state.ts',
    edits: [
      ["if (found !== 'different' && !state.isRepeatable) return end(state, notSentTwice)", ''],
      ['if (isHidden && !state.isRepeatable) return end(state, notSentTwice)', ''],
    ],
    tests: sender,
  },
  {
    title: 'rows in doubt are reported as not attempted',
    file: 'engine/all-outcomes.ts',
    edits: [['if (parts.isInDoubt(row.row))', 'if (parts.isInDoubt(-row.row))']],
    tests: ['unit/engine/all-outcomes.test.ts', 'acceptance/stops.test.ts'],
  },
  {
    title: 'after a malformed record the reader goes on at its second line',
    file: 'input/csv.ts',
    edits: [["endOfLine(bytes, at, Number(error['lines']) - counted)", 'endOfLine(bytes, at, 0)']],
    tests: ['unit/input/csv-restart.test.ts', 'unit/input/csv-oracle.test.ts'],
  },
  {
    title: 'a record of another width is a row',
    file: 'input/csv.ts',
    edits: [['if (columns > 0 && cells.length !== columns)', 'if (columns < 0)']],
    tests: ['unit/input/csv.test.ts'],
  },
  {
    title: 'the before-image is not waited for',
    file: 'engine/pre-read.ts',
    edits: [['await images?.keep(request, image)', 'void images?.keep(request, image)']],
    tests: ['unit/engine/pre-read.test.ts'],
  },
  {
    title: 'a failed row does not close the queue of its customer',
    file: 'engine/sending.ts',
    edits: [
      [
        "if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed",
        "if (outcome.outcome === 'unchanged') closed",
      ],
    ],
    tests: ['unit/engine/sending.test.ts'],
  },
  {
    title: 'a run goes on with another input',
    file: 'engine/identity.ts',
    edits: [['else if (held !== value)', 'else if (held.length === 0)']],
    tests: ['acceptance/run-refusals.test.ts'],
  },
  {
    title: 'the signature covers another body than the one that is sent',
    file: 'http/call.ts',
    edits: [
      [
        '{ method, path, salt, timestamp, body }',
        '{ method, path, salt, timestamp, body: body.trimEnd().slice(1) }',
      ],
    ],
    tests: ['acceptance/update.test.ts'],
  },
  {
    title: 'a journal that is behind its mark goes on',
    file: 'store/mark.ts',
    edits: [['return state.commits < mark.commits', 'return state.commits < 0']],
    tests: ['unit/store/journal.test.ts'],
  },
  {
    title: 'the mark stays behind the commits',
    file: 'store/journal.ts',
    edits: [['mark.write(count)', 'void count']],
    tests: ['unit/store/journal.test.ts'],
  },
]
