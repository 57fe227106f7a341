/** Progress of a run on standard error: a block that is redrawn on a terminal, else a log line now and then. */
import { styleText } from 'node:util'
import type { createLogUpdate } from 'log-update'
import { outcomeKinds } from '../model/row.ts'
import type { OutcomeKind } from '../model/row.ts'
import type { Clock } from '../model/ports.ts'
import {
  formatClock,
  formatClockSecond,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
  formatRows,
  formatShare,
} from './format.ts'
import type { UsedWindow } from './pace.ts'
import { outcomeLooks } from './summary.ts'

export interface ProgressSnapshot {
  readonly phase: keyof typeof titles
  /** All rows of the run; 0 while the number is unknown. */
  readonly rows: number
  readonly done: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  /** HTTP requests of this session. */
  readonly calls: number
  /** How much of each rate window they use now. */
  readonly windows: readonly UsedWindow[]
  readonly ratePerSecond: number
  /** Time left, in milliseconds. */
  readonly etaMs: number | undefined
  /** When a pause of all requests ends, in milliseconds since 1970. */
  readonly pausedUntil?: number
  readonly errors: ReadonlyMap<string, number>
}

export interface ProgressOptions {
  /** Standard error. Its width is read for every drawing; 80 if it has none. */
  readonly stream: NodeJS.WritableStream & { readonly columns?: number }
  /** Draws the block on a terminal; undefined for log lines. The caller loads it only if it is needed. */
  readonly draw: typeof createLogUpdate | undefined
  readonly color: boolean
  readonly log: (line: string) => void
  readonly clock: Pick<Clock, 'now' | 'wall'>
}

const drawEveryMs = 200
const logEveryMs = 10_000

export function createProgress({ stream, draw, color, log, clock }: ProgressOptions) {
  // A hidden cursor would need signal handlers of its own, and would stay hidden after kill -9
  const block = draw?.(stream, { showCursor: true })
  const everyMs = block === undefined ? logEveryMs : drawEveryMs
  // The log counts from the start, so that a run of seconds logs no progress
  let shownAt = block === undefined ? clock.now() : -Infinity
  let phase = ''
  let isOn = true

  function clear(): void {
    if (isOn) block?.clear()
  }

  // A closed terminal must not end the run. The listener stays for writes that are under way.
  if (block !== undefined) stream.on('error', () => void (isOn = false))
  return {
    /** Cheap enough for every row. Draws at most five times a second, logs at most every ten seconds. */
    update(snapshot: ProgressSnapshot): void {
      const now = clock.now()
      const isPhaseDrawn = block === undefined || snapshot.phase === phase
      if (!isOn || (now - shownAt < everyMs && isPhaseDrawn)) return
      shownAt = now
      ;({ phase } = snapshot)
      const [columns, wall] = [stream.columns ?? 80, clock.wall()]
      if (block === undefined) log(renderProgressLine(snapshot, wall))
      else block(renderProgress(snapshot, { columns, color, wall }).join('\n'))
    },
    /** Removes the block until the next update, so that other lines can be written. */
    clear,
    /** Removes the block. Later updates do nothing. */
    stop(): void {
      clear()
      isOn = false
    },
  }
}

const titles = { checking: 'Checking', sending: 'Sending', reporting: 'Writing reports' } as const

interface Screen {
  /** Width of the terminal in characters; no line is wider. */
  readonly columns: number
  readonly color: boolean
  /** Now, in milliseconds since 1970. */
  readonly wall: number
}

interface Part {
  readonly text: string
  readonly style?: 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'
}

const separator = ' · '
const shownErrors = 3
const widestBar = 40
const narrowestBar = 8

/** The lines of the block. */
export function renderProgress(snapshot: ProgressSnapshot, screen: Screen): readonly string[] {
  const details = detailParts(snapshot, screen.wall)
  return [...barLines(snapshot, screen), ...details.flatMap((parts) => flow(parts, screen))]
}

/** The same on one line without colour, for a log. */
export function renderProgressLine(snapshot: ProgressSnapshot, wall: number): string {
  const [pace = [], ...others] = detailParts(snapshot, wall)
  const texts = [[{ text: amountText(snapshot) }, ...pace], ...others]
    .map((parts) => parts.map(({ text }) => text).join(', '))
    .filter((text) => text !== '')
  return `${snapshot.phase}: ${texts.join('; ')}`
}

/** Phase, bar, share and rows; without the bar on a narrow terminal. */
function barLines({ done, rows, phase }: ProgressSnapshot, screen: Screen): readonly string[] {
  const { columns, color } = screen
  const title: Part = { text: titles[phase], style: 'bold' }
  const share = formatShare(done, rows).padStart(4)
  const counts = `${formatCount(done)} of ${formatRows(rows)}`
  const width = Math.min(widestBar, columns - title.text.length - share.length - counts.length - 5)
  if (rows <= 0 || width < narrowestBar) return flow([title, { text: amountText({ done, rows }) }], screen)
  const filled = Math.floor(Math.min(1, done / rows) * width)
  const bar =
    paint({ text: '█'.repeat(filled), style: 'green' }, color) +
    paint({ text: '░'.repeat(width - filled), style: 'dim' }, color)
  return [`${paint(title, color)}  ${bar} ${share}  ${counts}`]
}

function amountText({ done, rows }: Pick<ProgressSnapshot, 'done' | 'rows'>): string {
  return rows <= 0
    ? formatRows(done)
    : `${formatCount(done)} of ${formatRows(rows)} (${formatShare(done, rows)})`
}

/** Groups of parts, the pace first; a group may be empty. */
function detailParts(snapshot: ProgressSnapshot, wall: number): readonly (readonly Part[])[] {
  const { calls, windows, outcomes, pausedUntil = 0 } = snapshot
  const requests = [
    { text: formatNumberOf(calls, 'call') },
    ...windows.map(({ used, limit, perMs }): Part => ({
      text: `${formatCount(used)} of ${formatCount(limit)} in ${formatDuration(perMs)}`,
      style: used >= limit ? 'cyan' : 'dim',
    })),
  ]
  const kinds = outcomeKinds
    .filter((kind) => outcomes[kind] > 0)
    .map((kind) => ({ text: `${kind} ${formatCount(outcomes[kind])}`, style: outcomeLooks[kind].style }))
  const pause: readonly Part[] = [
    { text: `Blocked by Rapyd until ${formatClockSecond(pausedUntil, wall)}`, style: 'yellow' },
    { text: `${formatDuration(pausedUntil - wall)} to go`, style: 'yellow' },
  ]
  return [
    paceParts(snapshot, wall),
    calls === 0 ? [] : requests,
    kinds,
    errorParts(snapshot),
    pausedUntil > wall ? pause : [],
  ]
}

function paceParts({ ratePerSecond, etaMs, phase }: ProgressSnapshot, wall: number): readonly Part[] {
  // The pace of the phase before says nothing about the reports
  if (phase === 'reporting') return []
  const parts: Part[] = ratePerSecond > 0 ? [{ text: `${formatRate(ratePerSecond)} rows/s` }] : []
  if (etaMs !== undefined)
    parts.push(
      { text: `${formatDuration(etaMs)} left`, style: 'cyan' },
      { text: `ends ${formatClock(wall + etaMs, wall)}` },
    )
  return parts
}

function errorParts({ errors }: ProgressSnapshot): readonly Part[] {
  const sorted = [...errors].sort(([, left], [, right]) => right - left)
  const parts: Part[] = sorted
    .slice(0, shownErrors)
    .map(([code, count]) => ({ text: `${code} ${formatCount(count)}`, style: 'yellow' }))
  const hidden = sorted.length - shownErrors
  if (hidden > 0) parts.push({ text: `and ${formatCount(hidden)} more`, style: 'dim' })
  return parts
}

/** Puts as many parts on a line as fit. A part that is too wide alone is cut. */
function flow(parts: readonly Part[], { columns, color }: Screen): readonly string[] {
  const lines: string[] = []
  let [line, width] = ['', 0]
  for (const part of parts) {
    const text = part.text.length > columns ? `${part.text.slice(0, Math.max(0, columns - 1))}…` : part.text
    const painted = paint({ ...part, text }, color)
    if (width > 0 && width + separator.length + text.length <= columns) {
      line += separator + painted
      width += separator.length + text.length
      continue
    }
    if (width > 0) lines.push(line)
    line = painted
    width = text.length
  }
  if (width > 0) lines.push(line)
  return lines
}

/** The caller has decided about colour, so the stream and the environment are not asked. */
function paint({ text, style }: Part, color: boolean): string {
  return color && style !== undefined && text !== ''
    ? styleText(style, text, { validateStream: false })
    : text
}
