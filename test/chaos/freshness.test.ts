/** What was granted before a process stood still is not used after it: the clock jumps, as it does for a process that wakes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCalls } from '../../src/http/call.ts'
import { TransportError } from '../../src/http/errors.ts'
import type { ApiResponse } from '../../src/model/ports.ts'
import type { Run, Store } from '../../src/model/store.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { response, updateOf } from '../support/rig.ts'

afterEach(() => void vi.useRealTimers())

/** From now on only the test moves the clock that is named. */
function stopClock(clock: 'Date' | 'performance'): void {
  vi.useFakeTimers({ toFake: [clock], now: Date.now() })
}

describe('an owner of a run', () => {
  let folder = ''
  let store: Store
  let run: Run
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-fresh-'))
    store = await openSqliteStore(join(folder, 'store.db'))
    run = await store.openRun(
      {
        id: 'fresh',
        kind: 'update',
        parentId: undefined,
        host: 'sandbox.example',
        account: 'account',
        directory: join(folder, 'fresh'),
        facts: {},
      },
      { fieldsOf: undefined, group: 1, settleMs: 1_000, rows: 1 },
    )
  })
  afterEach(async () => {
    vi.useRealTimers()
    await run.close()
    await store.close()
    rmSync(folder, { recursive: true })
  })

  it.each(['Date', 'performance'] as const)(
    'may send for five seconds after the store confirmed it (%s)',
    async (clock) => {
      stopClock(clock)
      await run.renew()
      vi.advanceTimersByTime(4_500)
      expect(run.isFresh).toBe(true)
      vi.advanceTimersByTime(1_000)
      expect(run.isFresh).toBe(false)
      await run.renew()
      expect(run.isFresh).toBe(true)
      vi.advanceTimersByTime(5_500)
      await run.setNote('any', 'commit')
      expect(run.isFresh).toBe(true)
    },
  )
})

describe('a permit', () => {
  it.each([
    [9_000, 1],
    [11_000, 0],
  ])('that is %i ms old allows %i requests', async (ms, requests) => {
    stopClock('Date')
    let sent = 0
    const calls = createCalls({
      limiter: {
        acquire: () => Promise.resolve({ answered() {}, failed() {}, release() {} }),
        pause() {},
        setProbesOnly() {},
        allowConcurrency() {},
        pausedForMs: 0,
        isOpen: true,
        close: () => Promise.resolve(),
      },
      signer: { sign: (request) => ({ ...request, headers: {} }), correctClock: () => undefined },
      transport: {
        exchange(): Promise<ApiResponse> {
          sent++
          return Promise.resolve(response(200, '{}'))
        },
        close: () => Promise.resolve(),
      },
      async intend() {
        vi.advanceTimersByTime(ms)
      },
      concurrency: 1,
      hasWindows: true,
    })
    const found = await calls.update(updateOf({ name: 'Jo' }), new AbortController().signal)
    expect(sent).toBe(requests)
    expect(found instanceof TransportError ? found.reason : '').toBe(requests === 1 ? '' : 'stale')
  })
})
