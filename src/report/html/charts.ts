/**
 * Charts as inline SVG. It has no texts and stretches to any width, so that labels around it stay readable on a phone. Each
 * chart has a name, and a table of its numbers next to it.
 */
import { outcomeKinds } from '../../model/row.ts'
import type { OutcomeKind } from '../../model/row.ts'
import { html } from '../escape.ts'
import { formatCount, formatDuration, isoTime } from '../format.ts'
import type { Pause, Slot } from './timeline.ts'

export function outcomeBar(outcomes: Readonly<Record<OutcomeKind, number>>): string {
  const present = outcomeKinds.filter((kind) => outcomes[kind] > 0)
  const total = present.reduce((sum, kind) => sum + outcomes[kind], 0)
  // One failed row of a million must be visible
  const widths = present.map((kind) => Math.max(8, (outcomes[kind] / total) * 1_000))
  const whole = widths.reduce((sum, width) => sum + width, 0)
  let from = 0
  const bars = present.map((kind, index) => {
    const width = widths[index] ?? 0
    const shape = `<rect class="${kind}" x="${round(from)}" width="${round(width)}" height="24"><title>${kind}: ${formatCount(outcomes[kind])}</title></rect>`
    from += width
    return shape
  })
  const name = present.map((kind) => `${formatCount(outcomes[kind])} ${kind}`).join(', ')
  return svg(
    `Outcomes: ${name === '' ? 'no rows' : name}`,
    `0 0 ${round(Math.max(whole, 1))} 24`,
    'bar',
    bars,
  )
}

const plotHeight = 100

export interface TimeSeries {
  readonly slots: readonly Slot[]
  readonly widthMs: number
  readonly pauses: readonly Pause[]
}

/**
 * Bars of rows that were sent, with those that need attention on top, and bands for pauses. A strip below marks retries and
 * answers 429.
 */
export function timeChart(
  name: string,
  { slots, widthMs, pauses }: TimeSeries,
  label: (slot: Slot) => string,
): string {
  const highest = Math.max(1, ...slots.map(({ calls }) => calls))
  const start = slots[0]?.start ?? 0
  const placeOf = (at: number): number => Math.min(slots.length, Math.max(0, (at - start) / widthMs))
  const bands = pauses.map(({ from, to, kind }) => {
    const [left, right] = [placeOf(from), placeOf(to)]
    const width = Math.max(right - left, slots.length / 400)
    return `<rect class="${kind}" x="${round(left)}" width="${round(width)}" height="${plotHeight}"><title>${html(`${isoTime(from).slice(11, 19)} UTC: nobody sends for ${formatDuration(to - from)}`)}</title></rect>`
  })
  const bars = slots.map((slot, at) => {
    const { calls, errors, retries, throttled } = slot
    if (calls === 0) return ''
    const bad = (errors / highest) * plotHeight
    const good = ((calls - errors) / highest) * plotHeight
    const mark = throttled > 0 ? 'throttled' : 'retry'
    return `<g><title>${html(label(slot))}</title>${bar(at, plotHeight - good, good, 'calls')}${bar(at, plotHeight - good - bad, bad, 'errors')}${bar(at, 104, retries > 0 ? 8 : 0, mark)}</g>`
  })
  return svg(name, `0 0 ${Math.max(slots.length, 1)} 112`, 'chart', [...bands, ...bars])
}

export interface Bin {
  readonly label: string
  readonly count: number
}

export function histogram(name: string, bins: readonly Bin[]): string {
  const highest = Math.max(1, ...bins.map(({ count }) => count))
  const bars = bins.map(({ label, count }, at) => {
    const height = (count / highest) * plotHeight
    return `<g><title>${html(`${label}: ${formatCount(count)}`)}</title>${bar(at, plotHeight - height, height, 'calls')}</g>`
  })
  return svg(name, `0 0 ${Math.max(bins.length, 1)} ${plotHeight}`, 'chart', bars)
}

const mostBins = 30

/** Bins of one round width up to the 99th percentile, and one bin for slower answers. */
export function latencyBins(latencies: ReadonlyMap<number, number>, p99: number): readonly Bin[] {
  if (latencies.size === 0) return []
  let step = 1
  for (let at = 0; p99 / step >= mostBins; at++) step *= [2, 2.5, 2][at % 3] ?? 2
  const counts = Array.from({ length: Math.floor(p99 / step) + 1 }, () => 0)
  let slower = 0
  for (const [ms, count] of latencies) {
    const bin = Math.floor(ms / step)
    if (bin < counts.length) counts[bin] = (counts[bin] ?? 0) + count
    else slower += count
  }
  const bins = counts.map((count, at) => ({ label: `${at * step} to ${(at + 1) * step} ms`, count }))
  return slower === 0 ? bins : [...bins, { label: `over ${counts.length * step} ms`, count: slower }]
}

function bar(at: number, y: number, height: number, className: string): string {
  return height <= 0
    ? ''
    : `<rect class="${className}" x="${round(at + 0.06)}" y="${round(y)}" width=".88" height="${round(height)}"/>`
}

function svg(name: string, viewBox: string, className: string, shapes: readonly string[]): string {
  return `<svg class="${className}" role="img" aria-label="${html(name)}" viewBox="${viewBox}" preserveAspectRatio="none">${shapes.join('')}</svg>`
}

function round(number: number): string {
  return String(Math.round(number * 100) / 100)
}
