import { PassThrough } from 'node:stream'
import { createLogUpdate } from 'log-update'
import { describe, expect, test } from 'vitest'
import { createDisplay } from '../../src/cli/display.ts'
import type { Snapshot } from '../../src/engine/watch.ts'

const snapshot: Snapshot = {
  phase: 'sending',
  rows: 100,
  done: 10,
  outcomes: { updated: 10, unchanged: 0, invalid: 0, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 },
  calls: 10,
  windows: [
    { limit: 180, perMs: 60_000, used: 180 },
    { limit: 900, perMs: 300_000, used: 512 },
  ],
  ratePerSecond: 3,
  etaMs: 30_000,
  errors: new Map(),
}
const sending = {
  kind: 'sending',
  calls: 360,
  windows: [{ limit: 180, perMs: 60_000 }],
  etaMs: 60_000,
} as const

function setUp(options: { readonly isTTY: boolean; readonly quiet: boolean }) {
  const stream = Object.assign(new PassThrough(), { columns: 80 })
  let now = 0
  const display = createDisplay({
    stream,
    draw: options.isTTY ? createLogUpdate : undefined,
    quiet: options.quiet,
    color: false,
    clock: { now: () => now, wall: () => 1_700_000_000_000 + now },
  })
  const screen = (): string => String(stream.read() ?? '')
  return { display, screen, stream, advance: (ms: number) => void (now += ms) }
}

describe('the display of a run', () => {
  test('on a terminal is the block, with a line before the first call', () => {
    const { display, screen, advance } = setUp({ isTTY: true, quiet: false })
    display.onEvent(sending)
    expect(screen()).toContain('360 calls at 3.0 a second (180 in 1 min): 1 min, done about ')
    advance(250)
    display.onSnapshot(snapshot)
    expect(screen()).toContain('10 of 100 rows')
    display.clear()
    expect(screen()).toContain('\u001B[2K')
    display.stop()
  })

  test('elsewhere is a line every ten seconds', () => {
    const { display, screen, advance } = setUp({ isTTY: false, quiet: false })
    display.onSnapshot(snapshot)
    expect(screen()).toBe('')
    advance(10_000)
    display.onSnapshot(snapshot)
    expect(screen()).toMatch(/^sending: 10 of 100 rows \(10%\), 3\.0 rows\/s, .*\n$/)
  })

  test.each([true, false])('with --quiet is nothing but what has to be said (terminal: %s)', (isTTY) => {
    const { display, screen, advance } = setUp({ isTTY, quiet: true })
    display.onEvent(sending)
    advance(60_000)
    display.onSnapshot(snapshot)
    expect(screen()).toBe('')
    display.onEvent({ kind: 'log_off', code: 'ENOSPC' })
    display.say('Stopping')
    expect(screen()).toMatch(/^run\.log cannot be written \(ENOSPC\).*\nStopping\n$/)
  })
})
