/** The table of canary mutants: small wrongs, each of which has to turn at least one of the tests named beside it red. */

export interface Mutant {
  readonly title: string
  /** Of `src/README.md`, if it breaks one. */
  readonly invariant?: number
  /** Under `src`. */
  readonly file: string
  /** Each text has to be there exactly once; what takes its place. */
  readonly edits: readonly (readonly [from: string, to: string])[]
  /** Under `test`. */
  readonly tests: readonly string[]
  /** A part of the titles of the tests that see it, if their file takes long. */
  readonly named?: string
}

const crash = ['chaos/crash.long.test.ts']
const races = ['chaos/races.long.test.ts']
const sender = ['unit/http/sender.test.ts']
const contract = ['contract/store.test.ts']
const lostCommits = ['unit/store/sqlite/lost-commits.test.ts']
const damage = ['unit/store/sqlite/damage.test.ts']
const takeover = ['chaos/takeover.long.test.ts']
const keys = ['acceptance/metadata-keys.long.test.ts']
const freshness = ['chaos/freshness.test.ts']

export const mutants: readonly Mutant[] = [
  {
    title: 'the intent is not waited for',
    invariant: 4,
    file: 'http/call.ts',
    edits: [['if (durable !== undefined) await durable', 'if (durable !== undefined) void durable']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'without windows the intent is not waited for',
    invariant: 4,
    file: 'http/call.ts',
    edits: [['if (!hasWindows) await intend(request)', 'if (!hasWindows) void intend(request)']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'requests in flight have no gate',
    file: 'http/call.ts',
    edits: [['isProbe ? exchange() : gate(exchange)', 'exchange()']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'a row is tried once more than it may be',
    file: 'http/retry.ts',
    edits: [['retriesConsumed < attempts - 1', 'retriesConsumed < attempts']],
    tests: ['unit/http/retry.test.ts'],
  },
  {
    title: 'what is throttled costs an attempt',
    file: 'http/retry.ts',
    edits: [['shouldConsumeRetry: () => last.again?.isFree !== true', 'shouldConsumeRetry: () => true']],
    tests: ['unit/http/retry.test.ts'],
  },
  {
    title: 'what a killed process had on the wire is forgotten',
    invariant: 10,
    file: 'store/sqlite/quota.ts',
    edits: [
      ['run(add, account, holder, now + longestAttemptMs)', 'run(add, account, holder, now - longestMs)'],
    ],
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
    title: 'the outcome is written after the queue has gone on',
    invariant: 5,
    file: 'engine/outcome-writer.ts',
    edits: [
      [
        'return run.recordOutcome(outcome, effects).then(() => notify(outcome))',
        'return Promise.resolve(void setTimeout(() => void run.recordOutcome(outcome, effects), 50)).then(() => notify(outcome))',
      ],
    ],
    tests: crash,
  },
  {
    title: 'intents and outcomes resolve before the commit',
    file: 'store/sqlite/group-commit.ts',
    edits: [['return promise\n', 'return Promise.resolve()\n']],
    tests: ['unit/store/sqlite/group-commit.test.ts', ...crash],
  },
  {
    title: 'a commit that failed is tried again',
    file: 'store/sqlite/group-commit.ts',
    edits: [['      failure = { error }\n', '']],
    tests: ['unit/store/sqlite/group-commit.test.ts'],
  },
  {
    title: 'no lock',
    file: 'store/own-database.ts',
    edits: [['; BEGIN EXCLUSIVE', '']],
    tests: ['unit/store/own-database.test.ts', ...races],
  },
  {
    title: 'no run id in the key',
    invariant: 2,
    file: 'rapyd/requests.ts',
    edits: [['host, runId, row,', 'host, row,']],
    tests: races,
  },
  {
    title: 'no row number in the key',
    invariant: 2,
    file: 'rapyd/requests.ts',
    edits: [['runId, row, ...named,', 'runId, ...named,']],
    tests: ['unit/rapyd/requests.test.ts'],
  },
  {
    title: 'a key of its own for every session',
    invariant: 2,
    file: 'rapyd/requests.ts',
    edits: [['runId, row, ...named,', 'runId, row, process.pid, ...named,']],
    tests: crash,
  },
  {
    title: 'reading back always finds a difference',
    file: 'http/read-customer.ts',
    edits: [['const found = compareWith(request, customer)', "const found: ReadBackResult = 'different'"]],
    tests: crash,
  },
  {
    title: 'a plain row is sent again without being read back',
    file: 'http/sender.ts',
    edits: [
      [
        'if (call.state.inDoubt && !call.state.isReadBack)',
        'if (call.state.inDoubt && !call.state.isRepeatable)',
      ],
    ],
    tests: sender,
  },
  {
    title: 'doubt is forgotten on resume',
    file: 'engine/sending.ts',
    edits: [
      [
        'loadDoubts(run, parts.parentDoubts, clock)',
        'loadDoubts({ ...run, inDoubt: new Map() }, parts.parentDoubts, clock)',
      ],
    ],
    tests: crash,
  },
  {
    title: 'a row in doubt is read back at once',
    invariant: 11,
    file: 'http/settling.ts',
    edits: [['await waitUntil(until, request, signal)', 'void until']],
    tests: sender,
  },
  {
    title: 'a later row overtakes an attempt that may still arrive',
    invariant: 7,
    file: 'http/settling.ts',
    edits: [['held.hold(request.customerId, until)', 'void until']],
    tests: sender,
  },
  {
    title: 'a server error on every attempt counts as a refusal',
    invariant: 14,
    file: 'http/call-state.ts',
    edits: [
      [
        "found === 'different' ? messages.notShown : messages.notSettled)",
        "found === 'different' ? messages.notShown : messages.notSettled) && rejected(state.code, '')",
      ],
    ],
    tests: sender,
  },
  {
    title: 'rows of a customer run side by side',
    file: 'engine/keyed-queue.ts',
    edits: [['if (before !== undefined) await before', 'void before']],
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
    invariant: 3,
    file: 'http/call.ts',
    edits: [
      [
        'const { permit, grantedAt } = await acquire(',
        'const signed = signer.sign(request)\n    const { permit, grantedAt } = await acquire(',
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
    edits: [['if (!inDoubt && (isStop', 'if ((isStop']],
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
      ["if (found !== 'different' && !state.isRepeatable)", 'if (Number(found) === 0)'],
      ['if (isHidden && !state.isRepeatable)', 'if (isHidden && Number(found) === 0)'],
    ],
    tests: sender,
  },
  {
    title: 'rows in doubt are reported as not attempted',
    file: 'engine/all-outcomes.ts',
    edits: [['if (parts.isInDoubt(row.row))', 'if (parts.isInDoubt(-row.row))']],
    tests: ['unit/engine/all-outcomes.test.ts', 'acceptance/stops.long.test.ts'],
  },
  {
    title: 'after a malformed record the reader goes on at its second line',
    file: 'input/csv.ts',
    edits: [
      [
        "endOfLine(bytes, at, Number(error['lines']) - counted, lineBreak)",
        'endOfLine(bytes, at, 0, lineBreak)',
      ],
    ],
    tests: ['unit/input/csv-restart.test.ts', 'unit/input/csv-oracle.long.test.ts'],
  },
  {
    title: 'a record of another width is a row',
    file: 'input/row-shape.ts',
    edits: [['if (cells.length !== width)', 'if (width < 0)']],
    tests: ['acceptance/lines-no-rows.test.ts'],
  },
  {
    title: 'a run that goes on between broken quotes does not know of the first',
    file: 'validation/scan.ts',
    edits: [['hasBrokenQuotes ? undefined : start', 'start']],
    tests: ['acceptance/lines-no-rows.test.ts'],
  },
  {
    title: 'a row between broken quotes stands in errors.csv as a row',
    file: 'report/errors.ts',
    edits: [["  'E_NEAR_BROKEN_QUOTE',\n", '']],
    tests: ['acceptance/lines-no-rows.test.ts'],
  },
  {
    title: 'the before-image is not waited for',
    invariant: 6,
    file: 'engine/pre-read.ts',
    edits: [['await images?.saveBeforeImage(', 'void images?.saveBeforeImage(']],
    tests: ['unit/engine/pre-read.test.ts'],
  },
  {
    title: 'a failed row does not close the queue of its customer',
    invariant: 7,
    file: 'engine/outcome-writer.ts',
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
    invariant: 9,
    file: 'store/sqlite/run.ts',
    edits: [['find((name) => held[name] !== wanted[name])', 'find((name) => name.length === 0)']],
    tests: contract,
  },
  {
    title: 'the signature covers another body than the one that is sent',
    invariant: 1,
    file: 'http/call.ts',
    edits: [
      [
        '{ method, path, salt, timestamp, body }',
        '{ method, path, salt, timestamp, body: body.trimEnd().slice(1) }',
      ],
    ],
    tests: ['acceptance/update.test.ts'],
    named: 'applies every good row once',
  },
  {
    title: 'a store that is behind its mark is used',
    invariant: 12,
    file: 'store/sqlite/mark.ts',
    edits: [['return state.commits < mark.commits', 'return state.commits < 0']],
    tests: lostCommits,
  },
  {
    title: 'a damaged note of a run is used',
    file: 'store/sqlite/run-reader.ts',
    edits: [['checksumOf([name, value]) !== checksum', 'checksumOf([name, value]) === 1']],
    tests: ['unit/store/sqlite/damage.test.ts'],
  },
  {
    title: 'a store that is behind the folder of a run is used',
    invariant: 12,
    file: 'store/sqlite/store.ts',
    edits: [['commits < shown ? what', 'shown < 0 ? what']],
    tests: ['acceptance/store.long.test.ts'],
    named: 'an old copy of the store that is put back with its mark',
  },
  {
    title: 'a store is not compared with its mark',
    file: 'store/sqlite/database.ts',
    edits: [
      ['isAccepted ? undefined : lossOf(opened, path, mark)', 'lossOf(opened, path, mark) && undefined'],
    ],
    tests: lostCommits,
  },
  {
    title: 'the mark is not written after a commit',
    file: 'store/sqlite/database.ts',
    edits: [['if (place !== undefined) mark.write', 'if (place === -1) mark.write']],
    tests: lostCommits,
  },
  {
    title: 'an accepted store is refused again',
    file: 'store/sqlite/check.ts',
    edits: [['  restartMark()\n', '']],
    tests: lostCommits,
  },
  {
    title: 'rows of an accepted store are not in doubt',
    file: 'store/sqlite/run.ts',
    edits: [["Number(found['is_restored']) === 1", "Number(found['is_restored']) === 2"]],
    tests: [...lostCommits, ...contract],
  },
  {
    title: 'what an accepted store knows of fields is relied on',
    file: 'store/sqlite/check.ts',
    edits: [['table.put(String(customer), lost)', 'void lost']],
    tests: lostCommits,
  },
  {
    title: 'the checksum of an outcome is not compared',
    file: 'store/sqlite/outcome-record.ts',
    edits: [["throw damagedRow(path, 'outcome', number('row'))", "number('row')"]],
    tests: damage,
  },
  {
    title: 'the outcomes that a run has counted are not compared with those that it holds',
    file: 'store/sqlite/run-reader.ts',
    edits: [['if (isStill && (', 'if (!isStill && (']],
    tests: damage,
  },
  {
    title: 'a rollback leaves out rows whose before-images are lost',
    file: 'engine/saved-run.ts',
    edits: [['if (missing > 0 &&', 'if (missing < 0 &&']],
    tests: ['acceptance/rollback.long.test.ts'],
    named: 'if the store has lost a row',
  },
  {
    title: 'field state that was changed is relied on',
    file: 'store/sqlite/field-effects.ts',
    edits: [["=== found['checksum'] ? entriesOf", '!== -1 ? entriesOf']],
    tests: damage,
  },
  {
    title: 'outcome and field state are not one transaction',
    invariant: 5,
    file: 'store/sqlite/run-entries.ts',
    edits: [
      [
        'fields?.settle(outcome, effects, commit, open.get(outcome.row))',
        "fields?.settle(outcome, effects, commit, open.get(outcome.row))\n        database.db.exec('COMMIT; BEGIN IMMEDIATE')",
      ],
    ],
    tests: damage,
  },
  {
    title: 'an outcome confirms what another run has written meanwhile',
    invariant: 5,
    file: 'store/sqlite/field-effects.ts',
    edits: [
      ['const isKnown = !isOverlapped && !isContested', 'const isKnown = !isContested || isOverlapped'],
    ],
    tests: contract,
  },
  {
    title: 'an outcome confirms what another run may still write',
    file: 'store/sqlite/field-effects.ts',
    edits: [
      ['const isKnown = !isOverlapped && !isContested', 'const isKnown = !isOverlapped || isContested'],
    ],
    tests: contract,
  },
  {
    title: 'an open intent leaves its fields known',
    invariant: 5,
    file: 'store/sqlite/field-state.ts',
    edits: [['isKnown(entry) && !isOpen(field)', 'isKnown(entry)']],
    tests: contract,
  },
  {
    title: 'what another run has lost is not waited for',
    file: 'engine/only-changed.ts',
    edits: [['await parts.untilSettled(request, signal)', 'void row']],
    tests: ['chaos/late.test.ts'],
  },
  {
    title: 'a run that was killed counts as settled at its first attempt',
    file: 'store/sqlite/field-effects.ts',
    edits: [["Math.max(intent.at, number('renewed_at')) + goneMs", 'intent.at + goneMs']],
    tests: contract,
  },
  {
    title: 'the last attempt of a run that was killed takes no time',
    invariant: 11,
    file: 'store/sqlite/field-effects.ts',
    edits: [['intent.settleMs < leastSettleMs ? 0 : ownerGoneMs', 'intent.settleMs > 0 ? 0 : ownerGoneMs']],
    tests: contract,
  },
  {
    title: 'a row in doubt is never overtaken',
    file: 'store/sqlite/run.ts',
    edits: [['fields?.isOvertaken(intent) === true', 'fields?.account === -1']],
    tests: contract,
  },
  {
    title: 'a row in doubt that was overtaken is sent again',
    file: 'http/sender.ts',
    edits: [['(await parts.isOvertaken?.(row)) === true', '(await parts.isOvertaken?.(row)) === undefined']],
    tests: sender,
  },
  {
    title: 'a run writes without its epoch',
    invariant: 9,
    file: 'store/sqlite/owner.ts',
    edits: [['if (isOurs && Number(database', 'if (true || Number(database']],
    tests: [...contract, ...takeover],
  },
  {
    title: 'a group is committed without asking for the owner',
    file: 'store/sqlite/run.ts',
    edits: [
      [
        '    await database.write((commit) => {\n      owner.confirm()\n',
        '    await database.write((commit) => {\n',
      ],
    ],
    tests: contract,
  },
  {
    title: 'an expired lease is never taken over',
    file: 'store/sqlite/owner.ts',
    edits: [['if (free === undefined && leaseUntil > wall)', 'if (free === undefined)']],
    tests: [...contract, ...takeover],
  },
  {
    title: 'a run is taken from an owner that lives',
    file: 'store/sqlite/owner.ts',
    edits: [['if (free === undefined && leaseUntil > wall)', 'if (free === undefined && leaseUntil < 0)']],
    tests: contract,
  },
  {
    title: 'all owners of a run share one lock',
    file: 'store/sqlite/owner.ts',
    edits: [['-run-${run}-${epoch}.lock', '-run-${run}.lock']],
    tests: ['unit/store/sqlite/processes.test.ts', ...takeover],
  },
  {
    title: 'a sender that stood still does not ask if it has the run',
    file: 'http/call.ts',
    edits: [['if (parts.owner?.isFresh === false) await parts.owner.renew()', '']],
    tests: ['unit/http/call.test.ts'],
  },
  {
    title: 'the transport sends for a run that may be lost',
    file: 'http/transport.ts',
    edits: [['options.maySend?.() === false', 'options.maySend === null']],
    tests: ['unit/http/transport.test.ts'],
  },
  {
    title: 'an owner stays fresh for ever',
    invariant: 9,
    file: 'store/sqlite/owner.ts',
    edits: [['monotonic - confirmedAt.monotonic) <= freshMs', 'monotonic - confirmedAt.monotonic) >= 0']],
    tests: freshness,
  },
  {
    title: 'a permit is used however old it is',
    invariant: 9,
    file: 'http/call.ts',
    edits: [['Date.now() - grantedAt > longestPermitMs', 'Date.now() - grantedAt < 0']],
    tests: freshness,
  },
  {
    title: 'a failed commit lets requests go on',
    invariant: 8,
    file: 'store/sqlite/run.ts',
    edits: [['owner.isFresh && !commits.hasFailed', 'owner.isFresh']],
    tests: contract,
  },
  {
    title: 'a failed commit lets other writes go on',
    invariant: 8,
    file: 'store/sqlite/run.ts',
    edits: [['    commits.refuseFailed()\n    await database.write', '    await database.write']],
    tests: contract,
  },
  {
    title: 'the loser of a run writes its reports',
    file: 'engine/run-job.ts',
    edits: [["if (stopped?.code === 'E_TAKEN_OVER') throw stopped", '']],
    tests: takeover,
  },
  {
    title: 'a run is deleted in one transaction',
    file: 'store/sqlite/store.ts',
    edits: [['const batchRows = 1_000\n', 'const batchRows = 1_000_000\n']],
    tests: ['chaos/purge.test.ts'],
  },
  {
    title: 'a removed lock file still is a lock',
    file: 'store/own-database.ts',
    edits: [['if (file !== undefined && fileAt(path) === file)', 'if (file !== undefined)']],
    tests: ['chaos/locks.test.ts'],
  },
  {
    title: 'a time is rounded up to the next second',
    file: 'rapyd/signature.ts',
    edits: [['Math.floor(wallMs / 1000)', 'Math.round(wallMs / 1000)']],
    tests: ['unit/rapyd/signature.test.ts'],
  },
  {
    title: 'a request counts from its start',
    invariant: 10,
    file: 'store/sqlite/quota.ts',
    edits: [['write(() => run(endRequest, now, holder))', 'write(() => run(endRequest, now - 700, holder))']],
    tests: ['contract/quota.test.ts'],
  },
  {
    title: '--new-state leaves out what an old copy of the store knows',
    file: 'engine/sending.ts',
    edits: [['if (fieldState.isNew) await fieldState.state.forget()', '']],
    tests: ['chaos/nights.test.ts'],
  },
  {
    title: 'a baseline leaves known what is older than the last run',
    file: 'jobs/state.ts',
    edits: [['await state.forgetIfBehind()', '']],
    tests: ['chaos/nights.test.ts'],
  },
  {
    title: 'a resume counts the clears of a file against what it sends',
    file: 'validation/guards.ts',
    edits: [['found.calls + (found.leftOut ?? 0)', 'found.calls']],
    tests: ['chaos/nights.test.ts'],
  },
  {
    title: 'metadata sends only the keys of the row',
    file: 'engine/pre-read.ts',
    edits: [["mergeKeys(customer['metadata'], keys)", 'mergeKeys({}, keys)']],
    tests: keys,
    named: 'a row keeps the keys that it does not name',
  },
  {
    title: 'metadata that replaces objects inside',
    file: 'rapyd/snapshot.ts',
    edits: [['isJsonObject(value) ? mergeKeys(ownValue(merged, key), value) : value', 'value']],
    tests: keys,
    named: 'a row keeps the keys that it does not name',
  },
  {
    title: 'metadata that was read long ago is sent',
    file: 'http/sender.ts',
    edits: [['reading === undefined || clock.now() - reading.at <= longestReadingMs', 'reading !== null']],
    tests: sender,
  },
  {
    title: 'metadata is not read again after a doubt',
    file: 'http/sender.ts',
    edits: [['reading: { ...reading, at: -Infinity } }', 'reading }']],
    tests: sender,
  },
  {
    title: 'metadata is stored without its body',
    invariant: 1,
    file: 'store/sqlite/run-entries.ts',
    edits: [['body: reading === undefined ? undefined : body', 'body: undefined']],
    tests: contract,
  },
  {
    title: 'metadata keeps its first body',
    file: 'store/sqlite/run.ts',
    edits: [['if (intended.has(row) && !isReplaced)', 'if (intended.has(row))']],
    tests: contract,
  },
  {
    title: 'metadata of others counts for what was applied',
    file: 'http/read-customer.ts',
    edits: [['JSON.parse(reading?.patch ?? body)', 'JSON.parse(body)']],
    tests: sender,
  },
  {
    title: 'a probe leaves what is gone',
    file: 'engine/probe.ts',
    edits: [['const isLost = await areKeysMissing(session, state)', 'const isLost = false']],
    tests: ['unit/engine/probe.test.ts'],
  },
  {
    title: 'a probe says that metadata is merged although nothing was answered',
    file: 'engine/probe.ts',
    edits: [
      ['const isSeen = isReplaced || isAnswered', 'const isSeen = isReplaced || !isAnswered || isAnswered'],
    ],
    tests: ['unit/engine/probe.test.ts'],
  },
  {
    title: 'a probe forgets what it has deleted before it is back',
    file: 'engine/probe.ts',
    edits: [["outcome.outcome !== 'updated' || missing.length > 0", 'false']],
    tests: ['unit/engine/probe.test.ts'],
  },
  {
    title: 'a host that the call does not name gets the keys',
    invariant: 13,
    file: 'config/environment.ts',
    edits: [['(known || url.host === allowHost)', "(known || allowHost !== '')"]],
    tests: ['unit/config/values.test.ts'],
  },
  {
    title: 'a run names the host that it calls',
    invariant: 13,
    file: 'config/options.ts',
    edits: [
      [
        "allowHost: { value: 'HOST', commands: [...callers, 'state', 'simulator'], recorded: [] }",
        "allowHost: { value: 'HOST', commands: [...callers, 'state', 'simulator'], recorded: jobs }",
      ],
    ],
    tests: ['unit/engine/edited-store.long.test.ts'],
  },
  {
    title: 'an edited run or plan is followed',
    invariant: 13,
    file: 'engine/signed-manifest.ts',
    edits: [['if (signature === expected) return', 'if (signature.length === expected.length) return']],
    tests: ['acceptance/signed-manifest.long.test.ts'],
    named: 'does not follow a run whose',
  },
  {
    title: 'a blank that keeps its field clears it',
    file: 'mapping/cells.ts',
    edits: [["return rule === 'keep' ? {", 'return rule.length === 0 ? {']],
    tests: ['unit/mapping/mapped-rows.test.ts'],
  },
  {
    title: 'a column that was lost leaves its field alone in silence',
    file: 'mapping/headers.ts',
    edits: [["throw missingColumn(header, name, where, '')", 'void where']],
    tests: ['unit/mapping/mapped-rows.test.ts'],
  },
]
