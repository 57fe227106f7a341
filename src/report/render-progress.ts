/** What a run's progress looks like: pure text, for a terminal of any width and for one line of a log. */
import { styleText } from 'node:util'
import { outcomeKinds } from '../model/outcome.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import type { UsedWindow } from './pace.ts'
import { outcomeLooks } from './summary.ts'
import {
  formatClock,
  formatClockSecond,
  formatCount,
  formatDuration,
  formatRate,
  formatRows,
  formatShare,
} from './format.ts'

const titles = { checking: 'Checking', sending: 'Sending', reporting: 'Writing reports' } as const

/** Where a run stands. */
export interface ProgressSnapshot {
  readonly phase: 'checking' | 'sending' | 'reporting'
  /** All rows of the run; 0 while nobody knows. */
  readonly rows: number
  readonly done: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  /** HTTP requests of this session. */
  readonly calls: number
  /** How much of each rate window they take now. */
  readonly windows: readonly UsedWindow[]
  readonly ratePerSecond: number
  /** Time left, in milliseconds. */
  readonly etaMs: number | undefined
  /** Wall time at which a pause of everybody ends, in milliseconds since 1970. */
  readonly pausedUntil?: number
  /** Rows by error code. */
  readonly errors: ReadonlyMap<string, number>
}

export interface RenderOptions {
  /** Width of the terminal in characters; no line is wider. */
  readonly columns: number
  readonly color: boolean
  /** Now, in milliseconds since 1970. */
  readonly wall: number
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

interface Part {
  readonly text: string
  readonly style?: Style
}

const separator = ' · '
const shownErrors = 3
const widestBar = 40
const narrowestBar = 8

/** The lines of the block on a terminal: bar, pace, calls, outcomes, errors, and the pause if there is one. */
export function renderProgress(snapshot: ProgressSnapshot, options: RenderOptions): readonly string[] {
  const lines = barLines(snapshot, options)
  for (const parts of [
    pace(snapshot, options.wall),
    calls(snapshot),
    outcomeParts(snapshot),
    errorParts(snapshot),
    pause(snapshot, options.wall),
  ])
    lines.push(...flow(parts, options))
  return lines
}

/** The same on one line without colour, for a log. */
export function renderProgressLine(snapshot: ProgressSnapshot, wall: number): string {
  const groups = [
    [{ text: amount(snapshot) }, ...pace(snapshot, wall)],
    calls(snapshot),
    outcomeParts(snapshot),
    errorParts(snapshot),
    pause(snapshot, wall),
  ]
  const texts = groups.map((parts) => parts.map(({ text }) => text).join(', ')).filter((text) => text !== '')
  return `${snapshot.phase}: ${texts.join('; ')}`
}

/** Phase, bar, share and rows; where they don't fit beside each other, the rows have a line of their own. */
function barLines(snapshot: ProgressSnapshot, { columns, color }: RenderOptions): string[] {
  const { done, rows, phase } = snapshot
  const title: Part = { text: titles[phase], style: 'bold' }
  if (rows <= 0) return flow([title, { text: amount(snapshot) }], { columns, color })
  const share = formatShare(done, rows).padStart(4)
  const [before, after] = [`${title.text}  `, ` ${share}`]
  const counts = `${formatCount(done)} of ${formatRows(rows)}`
  const besideCounts = columns - before.length - after.length - counts.length - 2
  const width = Math.min(
    widestBar,
    besideCounts < narrowestBar ? columns - before.length - after.length : besideCounts,
  )
  if (width < narrowestBar) return flow([title, { text: share.trim() }, { text: counts }], { columns, color })
  const filled = Math.floor(Math.min(1, done / rows) * width)
  const bar =
    paint({ text: '█'.repeat(filled), style: 'green' }, color) +
    paint({ text: '░'.repeat(width - filled), style: 'dim' }, color)
  const line = `${paint(title, color)}  ${bar}${after}`
  if (besideCounts >= narrowestBar) return [`${line}  ${counts}`]
  return [line, ...flow([{ text: counts }], { columns, color })]
}

function amount({ done, rows }: ProgressSnapshot): string {
  return rows <= 0
    ? formatRows(done)
    : `${formatCount(done)} of ${formatRows(rows)} (${formatShare(done, rows)})`
}

function pace({ ratePerSecond, etaMs, phase }: ProgressSnapshot, wall: number): Part[] {
  // What was checked before says nothing while reports are written.
  if (phase === 'reporting') return []
  const parts: Part[] = ratePerSecond > 0 ? [{ text: `${formatRate(ratePerSecond)} rows/s` }] : []
  if (etaMs !== undefined)
    parts.push(
      { text: `${formatDuration(etaMs)} left`, style: 'cyan' },
      { text: `ends ${formatClock(wall + etaMs, wall)}` },
    )
  return parts
}

/** Requests so far, and how many of them each window holds. */
function calls({ calls: made, windows }: ProgressSnapshot): Part[] {
  if (made === 0) return []
  return [
    { text: `${formatCount(made)} ${made === 1 ? 'call' : 'calls'}` },
    ...windows.map(({ used, limit, perMs }): Part => {
      const text = `${formatCount(used)} of ${formatCount(limit)} in ${formatDuration(perMs)}`
      return used >= limit ? { text, style: 'cyan' } : { text, style: 'dim' }
    }),
  ]
}

function outcomeParts({ outcomes }: ProgressSnapshot): Part[] {
  return outcomeKinds
    .filter((kind) => outcomes[kind] > 0)
    .map((kind) => ({ text: `${kind} ${formatCount(outcomes[kind])}`, style: outcomeLooks[kind].style }))
}

function errorParts({ errors }: ProgressSnapshot): Part[] {
  const sorted = [...errors].sort(([, left], [, right]) => right - left)
  const parts: Part[] = sorted
    .slice(0, shownErrors)
    .map(([code, count]) => ({ text: `${code} ${formatCount(count)}`, style: 'yellow' }))
  const hidden = sorted.length - shownErrors
  if (hidden > 0) parts.push({ text: `and ${formatCount(hidden)} more`, style: 'dim' })
  return parts
}

function pause({ pausedUntil }: ProgressSnapshot, wall: number): Part[] {
  if (pausedUntil === undefined || pausedUntil <= wall) return []
  const until = formatClockSecond(pausedUntil, wall)
  return [
    { text: `Blocked by Rapyd until ${until}`, style: 'yellow' },
    { text: `${formatDuration(pausedUntil - wall)} to go`, style: 'yellow' },
  ]
}

/** Sets parts side by side, as many as fit on a line; a part that is too wide alone is cut. */
function flow(
  parts: readonly Part[],
  { columns, color }: Pick<RenderOptions, 'columns' | 'color'>,
): string[] {
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

/** Whether there is colour has been decided by the caller, so the stream and the environment aren't asked again. */
function paint({ text, style }: Part, color: boolean): string {
  return color && style !== undefined && text !== ''
    ? styleText(style, text, { validateStream: false })
    : text
}
