/** How the progress of a run looks: a block for a terminal, and a line for a log. */
import { styleText } from 'node:util'
import { outcomeKinds, type OutcomeKind } from '../model/row.ts'
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
