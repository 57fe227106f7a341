/**
 * The sections of the HTML report. Charts are inline SVG without texts, so that they stretch to any width; each has its numbers in a
 * table, for readers who cannot see it.
 */
import { outcomeKinds } from '../../model/row.ts'
import { html } from '../escape.ts'
import { formatCount, formatDuration, isoTime } from '../format.ts'
import { outcomeLooks, type Summary } from '../summary.ts'
import type { Attention, Pause, ReportData, Slot } from './report-data.ts'

const mostSlots = 96
const mostFields = 100
const mostErrors = 100

export function outcomesSection({ outcomes, ...summary }: Summary): string {
  const kinds = outcomeKinds.filter((kind) => outcomes[kind] > 0)
  const total = kinds.reduce((sum, kind) => sum + outcomes[kind], 0)
  const rows = kinds.map(
    (kind) =>
      `<tr><th scope="row">${key(kind)}${kind}</th><td class="number">${formatCount(outcomes[kind])}</td><td class="number">${((outcomes[kind] / total) * 100).toFixed(2)}%</td><td>${outcomeLooks[kind].words}</td></tr>`,
  )
  let width = 0
  const bars = kinds.map((kind) => {
    // One failed row of a million must be visible
    const own = Math.max(8, (outcomes[kind] / total) * 1_000)
    width += own
    return `<rect class="${kind}" x="${round(width - own)}" width="${round(own)}" height="24"><title>${kind}: ${formatCount(outcomes[kind])}</title></rect>`
  })
  const name = kinds.map((kind) => `${formatCount(outcomes[kind])} ${kind}`).join(', ') || 'no rows'
  const retries = Object.values(summary.retries).reduce((sum, count) => sum + count, 0)
  const figures = {
    Rows: summary.input.rows,
    Calls: summary.calls,
    'Requests for them': summary.attempts,
    'Of these repeated': retries,
    'Refused by the rate limit': summary.rate_limited,
    ...(summary.unfit_texts === undefined ? {} : { 'Answers with unusual texts': summary.unfit_texts }),
  }
  return `<section id="outcomes"><h2>Outcomes</h2>${svg(`Outcomes: ${name}`, Math.max(width, 1), 24, 'bar', bars)}
<table><caption class="soft">Every row has exactly one outcome</caption>${heads(['Outcome', '#Rows', '#Share', 'Meaning'])}<tbody>${rows.join('')}</tbody></table>
<dl class="figures">${Object.entries(figures)
    .map(([title, count]) => `<div><dt>${title}</dt><dd>${formatCount(count)}</dd></div>`)
    .join('')}</dl></section>`
}

export function timeSection(
  summary: Summary,
  { timeline, totals }: ReportData,
  pauses: readonly Pause[],
): string {
  const { widthMs, slots } = timeline.slots(mostSlots)
  const [first] = slots
  const last = slots.at(-1)
  if (first === undefined || last === undefined) return ''
  const width = formatDuration(widthMs)
  const numbers = slots
    .filter(({ calls }) => calls > 0)
    .map(({ start, calls, errors, retries, throttled }) =>
      [clock(start)].concat([calls, errors, retries, throttled].map(formatCount)),
    )
  const bands = pauses.map((pause) => pauseBand(pause, (at) => (at - first.start) / widthMs, slots.length))
  const chart = barChart(`Calls and errors over time, for each ${width}`, slots.map(slotBar), bands)
  const kinds = new Set(pauses.map(({ kind }) => kind))
  const keys = Object.entries({ ...barWords, ...pauseWords }).flatMap(([look, word]) =>
    look in barWords || kinds.has(look === 'blocked' ? look : 'outage') ? `<li>${key(look)}${word}</li>` : [],
  )
  const { p50, p90, p99, max } = summary.latency_ms
  const speed = `half of the answers within ${p50} ms, 90% within ${p90} ms, 99% within ${p99} ms, the slowest ${max} ms`
  const bins = latencyBins(totals.latencies, p99)
  const pauseRows = pauses.map(({ from, to, kind }) => [
    clock(from),
    formatDuration(to - from),
    pauseWords[kind],
  ])
  return `<section id="time"><h2>Calls over time</h2>
<figure><figcaption>Rows by the time of their last answer, for each ${width}</figcaption>${chart}
<div class="axis"><span>${clock(first.start)}</span><span>${clock(last.start + widthMs)} UTC</span></div>
<ul class="keys">${keys.join('')}</ul>
${numbersTable(['From (UTC)', 'Calls', 'Need attention', 'Repeated', 'Throttled'], numbers)}${numbersTable(['From (UTC)', 'For', 'Why'], pauseRows, `Pauses (${formatCount(pauses.length)})`)}</figure></section>
<section id="latency"><h2>Latency</h2>
<figure><figcaption>Answers by how long they took: ${speed}</figcaption>${barChart(`Latency: ${speed}`, bins)}
<div class="axis"><span>0 ms</span><span>${bins.at(-1)?.label ?? ''}</span></div>
${numbersTable(
  ['Latency', 'Calls'],
  bins.map(({ label, calls }) => [label, formatCount(calls)]),
)}</figure></section>`
}

const barWords = {
  calls: 'good',
  errors: 'need attention',
  retry: 'attempts repeated',
  throttled: 'refused by the rate limit',
} as const

const pauseWords = { blocked: 'blocked by Rapyd', outage: 'no answer from Rapyd' } as const

interface Bar {
  readonly label: string
  readonly calls: number
  /** Those of them that need attention, on top. */
  readonly errors?: number
  /** The kind of the strip below the bar. */
  readonly mark?: 'retry' | 'throttled'
}

function slotBar({ start, calls, errors, retries, throttled }: Slot): Bar {
  const label = `${clock(start)} UTC: ${formatCount(calls)} calls, ${formatCount(errors)} need attention, ${formatCount(retries)} repeated`
  const mark = throttled > 0 ? 'throttled' : 'retry'
  return { label, calls, errors, ...(retries > 0 ? { mark } : {}) }
}

/** The place of a time is counted in bars. */
function pauseBand({ from, to, kind }: Pause, placeOf: (at: number) => number, bars: number): string {
  const [left = 0, right = 0] = [from, to].map((at) => Math.min(bars, Math.max(0, placeOf(at))))
  const title = `${isoTime(from).slice(11, 19)} UTC: nobody sends for ${formatDuration(to - from)}`
  return `<rect class="${kind}" x="${round(left)}" width="${round(Math.max(right - left, bars / 400))}" height="100"><title>${title}</title></rect>`
}

function rect(at: number, y: number, height: number, look: string): string {
  return `<rect class="${look}" x="${round(at + 0.06)}" y="${round(y)}" width=".88" height="${round(height)}"/>`
}

/** With a scale. Heights are in per cents of the highest bar. */
function barChart(name: string, bars: readonly Bar[], bands: readonly string[] = []): string {
  const highest = Math.max(1, ...bars.map(({ calls }) => calls))
  const shapes = bars.map(({ label, calls, errors = 0, mark }, at) => {
    const [whole, bad] = [(calls / highest) * 100, (errors / highest) * 100]
    const strip = mark === undefined ? '' : rect(at, 104, 8, mark)
    return `<g><title>${label}</title>${rect(at, 100 - whole + bad, whole - bad, 'calls')}${rect(at, 100 - whole, bad, 'errors')}${strip}</g>`
  })
  const half = highest < 2 ? '' : formatCount(highest / 2)
  return `<div class="plot"><p class="scale" aria-hidden="true"><span>${formatCount(highest)}</span><span>${half}</span><span>0</span></p>${svg(name, Math.max(bars.length, 1), 112, 'chart', [...bands, ...shapes])}</div>`
}

const mostBins = 30

/** Bins of one round width up to the 99th percentile, and one bin for slower answers. */
export function latencyBins(latencies: ReadonlyMap<number, number>, p99: number): readonly Bar[] {
  let step = 1
  for (let at = 0; p99 / step >= mostBins; at++) step *= [2, 2.5, 2][at % 3] ?? 2
  const counts = Array.from({ length: Math.floor(p99 / step) + 2 }, () => 0)
  const slower = counts.length - 1
  for (const [ms, count] of latencies) {
    const bin = Math.min(Math.floor(ms / step), slower)
    counts[bin] = (counts[bin] ?? 0) + count
  }
  const labelOf = (bin: number): string =>
    bin === slower ? `over ${bin * step} ms` : `${bin * step} to ${(bin + 1) * step} ms`
  return counts
    .map((calls, bin) => ({ label: labelOf(bin), calls }))
    .filter(({ calls }, bin) => bin < slower || calls > 0)
}

function svg(name: string, width: number, height: number, look: string, shapes: readonly string[]): string {
  return `<svg class="${look}" role="img" aria-label="${html(name)}" viewBox="0 0 ${round(width)} ${height}" preserveAspectRatio="none">${shapes.join('')}</svg>`
}

function round(number: number): string {
  return String(Math.round(number * 100) / 100)
}

function key(name: string): string {
  return `<svg class="key" aria-hidden="true" viewBox="0 0 10 10"><rect class="${name}" width="10" height="10" rx="2"/></svg>`
}

export function fieldsSection({ cleared }: Summary, changed: ReadonlyMap<string, number>): string {
  const names = [...new Set([...changed.keys(), ...Object.keys(cleared)])]
  if (names.length === 0) return ''
  const rows = names
    .map((name) => ({ name, sent: changed.get(name) ?? 0, blank: cleared[name] ?? 0 }))
    .sort((left, right) => right.sent - left.sent)
    .slice(0, mostFields)
    .map(
      ({ name, sent, blank }) =>
        `<tr><th scope="row"><code>${html(name)}</code></th><td class="number">${formatCount(Math.max(0, sent - blank))}</td><td class="number">${formatCount(blank)}</td></tr>`,
    )
  return `<section id="fields"><h2>Fields</h2><table><caption class="soft">Of rows that were updated</caption>${heads(['Field', '#Set', '#Cleared'])}<tbody>${rows.join('')}</tbody></table></section>`
}

/** The head of a table. Names of columns with numbers begin with `#`. */
function heads(names: readonly string[]): string {
  const cells = names.map((name) =>
    name.startsWith('#')
      ? `<th scope="col" class="number">${name.slice(1)}</th>`
      : `<th scope="col">${name}</th>`,
  )
  return `<thead><tr>${cells.join('')}</tr></thead>`
}

/** A closed table; empty without rows. */
function numbersTable(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  title = 'Numbers',
): string {
  if (rows.length === 0) return ''
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return `<details><summary>${title}</summary>${scroll(title, `<table>${heads(names)}<tbody>${body.join('')}</tbody></table>`)}</details>`
}

function scroll(name: string, table: string): string {
  return `<div class="scroll" tabindex="0" role="group" aria-label="${name}">${table}</div>`
}

/** UTC, so that the report is the same wherever it is made. */
function clock(at: number): string {
  return isoTime(at).slice(0, 19).replace('T', ' ')
}

export function errorsSection({ errors }: Summary, attention: Attention): string {
  if (errors.length === 0) return ''
  const { codes } = attention.choices()
  const rows = errors.slice(0, mostErrors).map(({ code, field, count, message, example_row, tip }) => {
    const examples = attention.examplesOf(code, field, message)
    const shown = (examples.length === 0 ? [example_row] : examples).map(formatCount).join('; ')
    const where = field === '' ? '' : ` <code>${html(field)}</code>`
    const button = `<button type="button" hidden data-code="${html(code)}" aria-label="Show the rows with ${html(code)}">Show</button>`
    return `<tr><td class="number" data-label="Rows">${formatCount(count)}</td><th scope="row" data-label="Error"><span><code>${html(code)}</code>${where}</span></th><td data-label="What">${html(message)}</td><td data-label="Remedy">${html(tip)}</td><td data-label="Examples"><span>${shown} ${codes.includes(code) ? button : ''}</span></td></tr>`
  })
  const more = errors.length - mostErrors
  const rest = more > 0 ? `<p class="soft">${formatCount(more)} more kinds stand in summary.json.</p>` : ''
  const table = `<table id="errors-table">${heads(['#Rows', 'Error', 'What', 'Remedy', 'Example rows'])}<tbody>${rows.join('')}</tbody></table>`
  return `<section id="errors"><h2>Errors and what to do</h2>${scroll('Errors', table)}${rest}</section>`
}

/** The table, without its data. `wanted` is the number of rows that need attention. */
export function attentionSection(attention: Attention, wanted: number): string {
  const title = '<h2 id="attention-title" tabindex="-1">Rows that need attention</h2>'
  if (wanted === 0) return `<section id="attention">${title}<p>None.</p></section>`
  const { listed, valued } = attention
  const partly =
    listed === wanted
      ? ''
      : `<p>The first ${formatCount(listed)} of ${formatCount(wanted)} are listed here; <code>results</code> and <code>errors</code> have what is known of the others.</p>`
  const caption =
    valued === 0
      ? 'Without personal data: the values stand in the input and in <code>errors</code>'
      : `With the cells of the first ${formatCount(valued)} rows`
  const { outcomes, codes } = attention.choices()
  const buttons = ['First', 'Previous', 'Next', 'Last'].map(
    (name) => `<button type="button" id="${name.toLowerCase()}">${name}</button>`,
  )
  const table = `<table id="rows-table"><caption class="soft">${caption}</caption>${heads(['Row', 'Line', 'Customer', 'Outcome', 'Error', 'Field', 'Message'])}<tbody id="rows"></tbody></table>`
  return `<section id="attention">${title}${partly}
<noscript><p>The table needs JavaScript; the same rows stand in <code>results</code> and <code>errors</code>.</p></noscript>
<div id="table-tool" hidden><div class="tools" role="search">
<label>Search rows, customers, messages<input id="search" type="search" autocomplete="off" spellcheck="false"></label>
${filter('outcome', 'Outcome', outcomes)}${filter('code', 'Error', codes)}</div>
<p id="status" role="status" class="soft"></p>
${scroll('Rows', table)}
<div class="tools" role="group" aria-label="Pages of the table">${buttons.join('')}</div></div></section>`
}

function filter(id: string, name: string, options: readonly string[]): string {
  const list = options.map((option) => `<option>${html(option)}</option>`).join('')
  return `<label>${name}<select id="${id}"><option value="">All</option>${list}</select></label>`
}
