/** The sections of the HTML report. Every chart has its numbers in a table, for readers who cannot see it. */
import { outcomeKinds } from '../../model/row.ts'
import { html } from '../escape.ts'
import { formatCount, formatDuration, isoTime } from '../format.ts'
import { outcomeLooks } from '../summary.ts'
import type { Summary } from '../summary.ts'
import { histogram, latencyBins, outcomeBar, timeChart } from './charts.ts'
import type { Attention, ReportData } from './report-data.ts'
import type { Pause, Slot } from './timeline.ts'

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
  const retries = Object.values(summary.retries).reduce((sum, count) => sum + count, 0)
  const figures: readonly (readonly [string, string])[] = [
    ['Rows', formatCount(summary.input.rows)],
    ['Calls', formatCount(summary.calls)],
    ['Requests for them', formatCount(summary.attempts)],
    ['Of these repeated', formatCount(retries)],
    ['Refused by the rate limit', formatCount(summary.rate_limited)],
  ]
  return `<section id="outcomes"><h2>Outcomes</h2>${outcomeBar(outcomes)}
<table><caption class="soft">Every row has exactly one outcome</caption><thead><tr><th scope="col">Outcome</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Share</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>
<dl class="figures">${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${html(value)}</dd></div>`).join('')}</dl></section>`
}

export function timeSection(
  summary: Summary,
  { timeline, latencies }: ReportData,
  pauses: readonly Pause[],
): string {
  const { widthMs, slots } = timeline.slots(mostSlots)
  const [first] = slots
  const last = slots.at(-1)
  if (first === undefined || last === undefined) return ''
  const width = formatDuration(widthMs)
  const highest = slots.reduce((most, { calls }) => Math.max(most, calls), 0)
  const numbers = slots
    .filter(({ calls }) => calls > 0)
    .map(({ start, calls, errors, retries, throttled }) =>
      [clock(start)].concat([calls, errors, retries, throttled].map(formatCount)),
    )
  const { p50, p90, p99, max } = summary.latency_ms
  const speed = `half of the answers within ${p50} ms, 90% within ${p90} ms, 99% within ${p99} ms, the slowest ${max} ms`
  const bins = latencyBins(latencies, p99)
  const chart = timeChart(
    `Calls and errors over time, for each ${width}`,
    { slots, widthMs, pauses },
    slotLabel,
  )
  const keys = [
    ['calls', 'good'],
    ['errors', 'need attention'],
    ['retry', 'attempts repeated'],
    ['throttled', 'refused by the rate limit'],
    ...pauseKeys(pauses),
  ] as const
  return `<section id="time"><h2>Calls over time</h2>
<figure><figcaption>Rows by the time of their last answer, for each ${width}</figcaption>${plot(chart, highest)}
<div class="axis"><span>${clock(first.start)}</span><span>${clock(last.start + widthMs)} UTC</span></div>
<ul class="keys">${keys.map(([look, word]) => `<li>${key(look)}${word}</li>`).join('')}</ul>
${numbersTable(['From (UTC)', 'Calls', 'Need attention', 'Repeated', 'Throttled'], numbers)}${pausesTable(pauses)}</figure></section>
<section id="latency"><h2>Latency</h2>
<figure><figcaption>Answers by how long they took: ${speed}</figcaption>${plot(histogram(`Latency: ${speed}`, bins), Math.max(0, ...bins.map(({ count }) => count)))}
<div class="axis"><span>0 ms</span><span>${html(bins.at(-1)?.label ?? '')}</span></div>
${numbersTable(
  ['Latency', 'Calls'],
  bins.map(({ label, count }) => [label, formatCount(count)]),
)}</figure></section>`
}

/** A chart with a scale. */
function plot(chart: string, highest: number): string {
  return `<div class="plot"><p class="scale" aria-hidden="true"><span>${formatCount(highest)}</span><span>${highest < 2 ? '' : formatCount(highest / 2)}</span><span>0</span></p>${chart}</div>`
}

const pauseWords = { blocked: 'blocked by Rapyd', outage: 'no answer from Rapyd' } as const

function pauseKeys(pauses: readonly Pause[]): readonly (readonly [string, string])[] {
  return (['blocked', 'outage'] as const)
    .filter((kind) => pauses.some((pause) => pause.kind === kind))
    .map((kind) => [kind, pauseWords[kind]])
}

function pausesTable(pauses: readonly Pause[]): string {
  if (pauses.length === 0) return ''
  const rows = pauses.map(({ from, to, kind }) => [clock(from), formatDuration(to - from), pauseWords[kind]])
  return numbersTable(['From (UTC)', 'For', 'Why'], rows, `Pauses (${formatCount(pauses.length)})`)
}

export function fieldsSection({ cleared }: Summary, changed: ReadonlyMap<string, number>): string {
  const names = [...new Set([...changed.keys(), ...Object.keys(cleared)])]
  if (names.length === 0) return ''
  const most = Math.max(1, ...changed.values())
  const rows = names
    .map((name) => ({ name, sent: changed.get(name) ?? 0, blank: cleared[name] ?? 0 }))
    .sort((left, right) => right.sent - left.sent)
    .slice(0, mostFields)
    .map(
      ({ name, sent, blank }) =>
        `<tr><th scope="row"><code>${html(name)}</code></th><td class="number">${formatCount(Math.max(0, sent - blank))}</td><td class="number">${formatCount(blank)}</td><td class="meter">${meter(sent - blank, blank, most)}</td></tr>`,
    )
  return `<section id="fields"><h2>Fields</h2><table><caption class="soft">Of rows that were updated</caption><thead><tr><th scope="col">Field</th><th scope="col" class="number">Set</th><th scope="col" class="number">Cleared</th><td class="meter"></td></tr></thead><tbody>${rows.join('')}</tbody></table></section>`
}

function meter(set: number, cleared: number, most: number): string {
  const [blue, red] = [(Math.max(0, set) / most) * 100, (cleared / most) * 100]
  return `<svg class="meter" aria-hidden="true" viewBox="0 0 100 7" preserveAspectRatio="none"><rect class="calls" width="${blue.toFixed(1)}" height="7"/><rect class="errors" x="${blue.toFixed(1)}" width="${red.toFixed(1)}" height="7"/></svg>`
}

function key(name: string): string {
  return `<svg class="key" aria-hidden="true" viewBox="0 0 10 10"><rect class="${name}" width="10" height="10" rx="2"/></svg>`
}

function numbersTable(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  title = 'Numbers',
): string {
  const head = names.map((name) => `<th scope="col">${name}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${html(cell)}</td>`).join('')}</tr>`)
  return `<details><summary>${title}</summary><div class="scroll" tabindex="0" role="group" aria-label="${title}"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div></details>`
}

function slotLabel({ start, calls, errors, retries }: Slot): string {
  return `${clock(start)} UTC: ${formatCount(calls)} calls, ${formatCount(errors)} need attention, ${formatCount(retries)} repeated`
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
  return `<section id="errors"><h2>Errors and what to do</h2><div class="scroll" tabindex="0" role="group" aria-label="Errors"><table id="errors-table"><thead><tr><th scope="col" class="number">Rows</th><th scope="col">Error</th><th scope="col">What</th><th scope="col">Remedy</th><th scope="col">Example rows</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>${rest}</section>`
}

/** The table, without its data. `wanted` is the number of rows that need attention. */
export function attentionSection(attention: Attention, wanted: number): string {
  const title = '<h2 id="attention-title" tabindex="-1">Rows that need attention</h2>'
  if (wanted === 0) return `<section id="attention">${title}<p>None.</p></section>`
  const { listed } = attention
  const partly =
    listed === wanted
      ? ''
      : `<p>The first ${formatCount(listed)} of ${formatCount(wanted)} are listed here; <code>results</code> and <code>errors</code> have what is known of the others.</p>`
  const { outcomes, codes } = attention.choices()
  return `<section id="attention">${title}${partly}
<noscript><p>The table needs JavaScript; the same rows stand in <code>results</code> and <code>errors</code>.</p></noscript>
<div id="table-tool" hidden><div class="tools" role="search">
<label>Search rows, customers, messages<input id="search" type="search" autocomplete="off" spellcheck="false"></label>
${filter('outcome', 'Outcome', outcomes)}${filter('code', 'Error', codes)}</div>
<p id="status" role="status" class="soft"></p>
<div class="scroll" tabindex="0" role="group" aria-label="Rows"><table id="rows-table"><caption class="soft">${caption(attention.valued)}</caption><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody id="rows"></tbody></table></div>
<div class="tools" role="group" aria-label="Pages of the table">${pageButtons.map(([id, name]) => `<button type="button" id="${id}">${name}</button>`).join('')}</div></div></section>`
}

function caption(valued: number): string {
  return valued === 0
    ? 'Without personal data: the values stand in the input and in <code>errors</code>'
    : `With the cells of the first ${formatCount(valued)} rows`
}

const columns = ['Row', 'Line', 'Customer', 'Outcome', 'Error', 'Field', 'Message'] as const

const pageButtons = [
  ['first', 'First'],
  ['previous', 'Previous'],
  ['next', 'Next'],
  ['last', 'Last'],
] as const

function filter(id: string, name: string, options: readonly string[]): string {
  const list = options.map((option) => `<option>${html(option)}</option>`).join('')
  return `<label>${name}<select id="${id}"><option value="">All</option>${list}</select></label>`
}
