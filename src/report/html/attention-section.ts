/** The sections about what went wrong: errors by code with remedies, and the table of rows that the script fills. */
import { formatCount } from '../format.ts'
import type { Summary } from '../summary.ts'
import type { Attention } from './attention.ts'
import { html } from './escape.ts'

const mostErrors = 100

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

/** Everything but the data, which comes behind it in pieces. `wanted` is how many rows need attention. */
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
${choice('outcome', 'Outcome', outcomes)}${choice('code', 'Error', codes)}</div>
<p id="status" role="status" class="soft"></p>
<div class="scroll" tabindex="0" role="group" aria-label="Rows"><table id="rows-table"><caption class="soft">${caption(attention.valued)}</caption><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody id="rows"></tbody></table></div>
<div class="tools" role="group" aria-label="Pages of the table">${turns.map(([id, name]) => `<button type="button" id="${id}">${name}</button>`).join('')}</div></div></section>`
}

function caption(valued: number): string {
  return valued === 0
    ? 'Without personal data: the values stand in the input and in <code>errors</code>'
    : `With the cells of the first ${formatCount(valued)} rows`
}

const columns = ['Row', 'Line', 'Customer', 'Outcome', 'Error', 'Field', 'Message'] as const

const turns = [
  ['first', 'First'],
  ['previous', 'Previous'],
  ['next', 'Next'],
  ['last', 'Last'],
] as const

function choice(id: string, name: string, options: readonly string[]): string {
  const list = options.map((option) => `<option>${html(option)}</option>`).join('')
  return `<label>${name}<select id="${id}"><option value="">All</option>${list}</select></label>`
}
