/** The head of the page: how the run went in one line, what to do next, and the way to each section. */
import { formatCount, formatDuration } from '../format.ts'
import type { Summary } from '../summary.ts'
import { html } from './escape.ts'

/** `wanted` is how many rows need attention, `valued` of how many the page shows the cells. */
export function headerOf(summary: Summary, wanted: number, valued: number): string {
  const { run_id: run, env, host, started_at: started, finished_at: finished, next } = summary
  const tookMs = Date.parse(finished) - Date.parse(started)
  const took = tookMs >= 1_000 ? `, ${formatDuration(tookMs)}` : ''
  return `<header><p class="brand">rapyd-bulk <span>run report</span></p><h1>${html(run)}</h1>
<p class="soft">${html(env)}${env === host ? '' : ` (${html(host)})`} · ${html(utc(started))} to ${html(utc(finished))}${took}</p>
${verdict(summary, wanted)}
${valued === 0 ? '' : `<p class="verdict bad"><strong>Personal data</strong> This page shows what the cells of ${formatCount(valued)} rows hold, because --include-values asked for it. Treat it like the export itself.</p>\n`}<div class="next"><p class="label">What to do next</p>${nextText(next)}</div></header>`
}

function verdict({ outcomes, input, exit_code: exitCode }: Summary, wanted: number): string {
  const good = outcomes.updated + outcomes.unchanged
  // 0 and 1 are runs that reached their end.
  const isStopped = exitCode > 1
  const [look, word] = isStopped
    ? ['bad', 'Stopped']
    : wanted > 0
      ? ['look', 'Finished']
      : ['good', 'Finished']
  const rest = wanted === 0 ? '' : `, ${formatCount(wanted)} need${wanted === 1 ? 's' : ''} attention`
  return `<p class="verdict ${look}"><strong>${word}</strong> ${formatCount(good)} of ${formatCount(input.rows)} rows are as the file asks${rest}</p>`
}

/** A command at the end of a sentence stands alone, to be copied. */
function nextText(next: string): string {
  const [, before, command] = /^(.*?): (rapyd-bulk \S.*?)\.?$/s.exec(next) ?? []
  if (before === undefined || command === undefined || command.includes('. ')) return `<p>${html(next)}</p>`
  return `<p>${html(before)}:</p><p><code class="command">${html(command)}</code></p>`
}

/** Links to the sections that are there. */
export function contents(sections: readonly string[]): string {
  const links = sections
    .join('')
    .matchAll(/<section id="(\w+)"><h2[^>]*>([^<]*)</g)
    .map(([, id, title]) => `<li><a href="#${id}">${title}</a></li>`)
  return `<nav aria-label="Sections"><ul>${[...links].join('')}</ul></nav>`
}

function utc(time: string): string {
  return time === '' ? 'not started' : `${time.slice(0, 19).replace('T', ' ')} UTC`
}
