import { PassThrough } from 'node:stream'
import { createLogUpdate } from 'log-update'
import { describe, expect, it } from 'vitest'
import {
  createDisplay,
  describeForecast,
  describePrice,
  describeDelay,
  describeUnmatched,
  describeWarnings,
} from '../../../src/cli/display.ts'
import { stripVTControlCharacters } from 'node:util'
import { renderProgressLine, type ProgressSnapshot } from '../../../src/report/progress.ts'
import { parseFinishBy } from '../../../src/config/values.ts'

const snapshot: ProgressSnapshot = {
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

const tty = { isTTY: true, quiet: false }
const log = { isTTY: false, quiet: false }

it('a rate so low that the run seems to stand still is said, but not with --quiet', () => {
  const slowed = { kind: 'slowed', perSecond: 0.1 } as const
  const { display, screen } = setUp(log)
  display.onEvent(slowed)
  expect(screen()).toMatch(/429.*one request every 10 s/)
  const quiet = setUp({ isTTY: false, quiet: true })
  quiet.display.onEvent(slowed)
  expect(quiet.screen()).toBe('')
})

describe('the progress of a run', () => {
  it('on a terminal it draws at most five times a second, and at once for a new phase', () => {
    const { display, screen, advance } = setUp(tty)
    display.onSnapshot(snapshot)
    expect(screen()).toContain('10 of 100 rows')
    advance(199)
    display.onSnapshot({ ...snapshot, done: 63 })
    expect(screen()).toBe('')
    display.onSnapshot({ ...snapshot, phase: 'reporting' })
    expect(screen()).toContain('Writing reports')
    advance(200)
    display.onSnapshot({ ...snapshot, phase: 'reporting', done: 64 })
    expect(screen()).toContain('64 of 100 rows')
  })

  it('follows the width of the terminal', () => {
    const { display, stream, screen, advance } = setUp(tty)
    display.onSnapshot(snapshot)
    screen()
    advance(200)
    stream.columns = 40
    display.onSnapshot(snapshot)
    const widths = screen()
      .split('\n')
      .map((line) => stripVTControlCharacters(line).length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(40)
  })

  it('takes the block away when it is stopped, and draws no more', () => {
    const { display, screen, advance } = setUp(tty)
    display.onSnapshot(snapshot)
    screen()
    display.stop()
    expect(screen()).toContain('\u001B[2K')
    advance(1_000)
    display.onSnapshot(snapshot)
    display.stop()
    expect(screen()).toBe('')
  })

  it('makes room for something else, and comes back with the next drawing', () => {
    const { display, screen, advance } = setUp(tty)
    display.onSnapshot(snapshot)
    screen()
    display.clear()
    expect(screen()).toContain('\u001B[2K')
    display.clear()
    expect(screen()).toBe('')
    advance(200)
    display.onSnapshot(snapshot)
    expect(screen()).toContain('10 of 100 rows')
  })

  it('is silent after the terminal has gone, and does not end the run', () => {
    const { display, screen, stream, advance } = setUp(tty)
    display.onSnapshot(snapshot)
    screen()
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    advance(1_000)
    display.onSnapshot(snapshot)
    display.stop()
    expect(screen()).toBe('')
  })

  it('without a terminal it logs a line every ten seconds at most, and none for a short run', () => {
    const { display, screen, advance } = setUp(log)
    display.onSnapshot(snapshot)
    advance(9_999)
    display.onSnapshot({ ...snapshot, phase: 'reporting' })
    expect(screen()).toBe('')
    advance(1)
    display.onSnapshot(snapshot)
    display.onSnapshot(snapshot)
    expect(screen()).toBe(`${renderProgressLine(snapshot, 1_700_000_010_000)}\n`)
    display.stop()
    advance(10_000)
    display.onSnapshot(snapshot)
    expect(screen()).toBe('')
  })
})

describe('the display of a run', () => {
  it('on a terminal is the block, with a line before the first call', () => {
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

  it('without a terminal is a line every ten seconds', () => {
    const { display, screen, advance } = setUp({ isTTY: false, quiet: false })
    display.onSnapshot(snapshot)
    expect(screen()).toBe('')
    advance(10_000)
    display.onSnapshot(snapshot)
    expect(screen()).toMatch(/^sending: 10 of 100 rows \(10%\), 3\.0 rows\/s, .*\n$/)
  })

  it.each([true, false])('with --quiet is nothing but what has to be said (terminal: %s)', (isTTY) => {
    const { display, screen, advance } = setUp({ isTTY, quiet: true })
    display.onEvent(sending)
    advance(60_000)
    display.onSnapshot(snapshot)
    expect(screen()).toBe('')
    display.onEvent({ kind: 'log_off', code: 'ENOSPC' })
    display.writeLine('Stopping')
    expect(screen()).toMatch(/^run\.log cannot be written \(ENOSPC\).*\nStopping\n$/)
  })
})

const afternoon = new Date(2026, 10, 23, 14, 13).getTime()
const windows = [
  { limit: 180, perMs: 60_000 },
  { limit: 900, perMs: 300_000 },
]

it('the forecast says how many, how fast, how long and until when', () => {
  expect(describeForecast({ calls: 10_000, windows, etaMs: 55 * 60_000 }, afternoon)).toBe(
    '10,000 calls at 3.0 a second (180 in 1 min, 900 in 5 min): 55 min, done about 15:08',
  )
})

it.each([[undefined], [0], [9_999]])('there is no forecast for a run of %s ms', (etaMs) => {
  expect(describeForecast({ calls: 10, windows, etaMs }, afternoon)).toBeUndefined()
})

const evening = new Date(2026, 10, 23, 22, 0).getTime()
const minuteWindow = [{ limit: 180, perMs: 60_000 }]

describe('--finish-by', () => {
  it.each([
    ['06:00', new Date(2026, 10, 24, 6, 0)],
    ['6:00', new Date(2026, 10, 24, 6, 0)],
    ['22:01', new Date(2026, 10, 23, 22, 1)],
    ['22:00', new Date(2026, 10, 24, 22, 0)],
  ])('%s is the next such time', (text, expected) => {
    expect(new Date(parseFinishBy(text, evening))).toEqual(expected)
  })

  it.each(['24:00', '6', '06:60', 'six', ''])('%s is refused', (text) => {
    expect(() => parseFinishBy(text, evening)).toThrow('use a time of day such as 06:00')
  })

  it('says how much longer it takes and how many calls fit', () => {
    const forecast = { calls: 100_000, windows: minuteWindow, etaMs: 9 * 3_600_000 + 16 * 60_000 }
    expect(describeDelay(forecast, parseFinishBy('06:00', evening), evening)).toBe(
      'Not done by 2026-11-24 06:00: it takes 1 h 16 min longer. About 86,400 of 100,000 calls fit; stopped then, the same command goes on another night.',
    )
  })

  it('says nothing of a run that ends in time, or that no window binds', () => {
    const finishBy = parseFinishBy('06:00', evening)
    expect(
      describeDelay({ calls: 10, windows: minuteWindow, etaMs: 60_000 }, finishBy, evening),
    ).toBeUndefined()
    expect(describeDelay({ calls: 10, windows: [], etaMs: undefined }, finishBy, evening)).toBeUndefined()
  })
})

it('names that match no column are left out if there are none, and counted if they are many', () => {
  expect(describeUnmatched([])).toBe(undefined)
  const many = Array.from({ length: 7 }, (_, index) => ({ name: `n${index}`, nearest: undefined }))
  expect(describeUnmatched(many)).toMatch(/: "n0", "n1", "n2", "n3", "n4", 2 more$/)
})

it('the line of warnings is left out if there are none', () => {
  expect(describeWarnings({ warnings: [] })).toBe(undefined)
})

it.each([
  [
    { rows: 12_000, calls: 12_000, etaMs: 7_200_000 },
    '12,000 rows with metadata are read first: 24,000 calls instead of 12,000, 2 h (--metadata-keys all)',
  ],
  [
    { rows: 1, calls: 3, etaMs: undefined },
    '1 row with metadata is read first: 4 calls instead of 3 (--metadata-keys all)',
  ],
  [undefined, undefined],
])('says what it costs to read rows with metadata first: %j', (price, text) => {
  expect(describePrice(price)).toBe(text)
})
