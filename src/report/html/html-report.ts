/**
 * `report.html`: a run in one file that loads nothing. Its policy names the digests of its style and script, so no text of others
 * could run even if it were not escaped.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { html } from '../escape.ts'
import { formatCount, formatDuration } from '../format.ts'
import { countNeedingAttention, durationMs, type Summary } from '../summary.ts'
import type { Pause, ReportData } from './report-data.ts'
import { attentionSection, errorsSection, fieldsSection, outcomesSection, timeSection } from './sections.ts'

/** What was run, beyond the summary. */
export interface ReportFacts {
  /** The mapping's name and digest. */
  readonly mapping: string
  /** As on a command line: `--blank` and `keep`. */
  readonly options: readonly (readonly [name: string, value: string])[]
  readonly pauses: readonly Pause[]
  /** The versions of this program and of Node. */
  readonly versions: string
}

export function* renderReport(summary: Summary, facts: ReportFacts, data: ReportData): Generator<string> {
  const [styles, script] = [readAsset('page.css'), readAsset('page.js')]
  const { attention } = data
  const wanted = countNeedingAttention(summary.outcomes)
  const sections = [
    outcomesSection(summary),
    errorsSection(summary, attention),
    timeSection(summary, data, facts.pauses),
    fieldsSection(summary, data.totals.changed),
    attentionSection(attention, wanted),
    factsSection(summary, facts),
  ]
  yield `${head(summary.run_id, styles, script)}<body>${header(summary, wanted, attention.valued)}${navigation(sections)}<main>
${sections.join('\n')}
</main>\n<footer><p>Made by rapyd-bulk from the store. This file asks nobody for anything.</p></footer>\n`
  if (attention.listed > 0) {
    yield '<script type="application/json" id="attention-data">'
    yield attention.json()
    yield `</script>\n<script>${script}</script>\n`
  }
  yield '</body></html>\n'
}

/** Reads a file next to this one in the sources, which the package contains. */
function readAsset(name: string): string {
  return readFileSync(new URL(`../../../src/report/html/${name}`, import.meta.url), 'utf8')
}

function head(runId: string, styles: string, script: string): string {
  const policy = `default-src 'none'; style-src '${digest(styles)}'; script-src '${digest(script)}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">
<title>${html(runId)}: rapyd-bulk</title>
<style>${styles}</style></head>\n`
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** How the run went in one line, and what to do next. */
function header(summary: Summary, wanted: number, valued: number): string {
  const { run_id: run, env, host, started_at: started, finished_at: finished, next } = summary
  const tookMs = durationMs(summary)
  const took = tookMs >= 1_000 ? `, ${formatDuration(tookMs)}` : ''
  return `<header><p class="brand">rapyd-bulk <span>run report</span></p><h1>${html(run)}</h1>
<p class="soft">${html(env)}${env === host ? '' : ` (${html(host)})`} · ${html(utc(started))} to ${html(utc(finished))}${took}</p>
${verdict(summary, wanted)}
${valued === 0 ? '' : `<p class="verdict bad"><strong>Personal data</strong> This page shows what the cells of ${formatCount(valued)} rows hold, because --include-values asked for it. Treat it like the export itself.</p>\n`}<div class="next"><p class="label">What to do next</p>${nextText(next)}</div></header>`
}

function verdict({ outcomes, input, exit_code: exitCode }: Summary, wanted: number): string {
  const good = outcomes.updated + outcomes.unchanged
  // Runs that reached their end have the exit code 0 or 1
  const [look, word] =
    exitCode > 1 ? ['bad', 'Stopped'] : wanted > 0 ? ['look', 'Finished'] : ['good', 'Finished']
  const rest = wanted === 0 ? '' : `, ${formatCount(wanted)} need${wanted === 1 ? 's' : ''} attention`
  return `<p class="verdict ${look}"><strong>${word}</strong> ${formatCount(good)} of ${formatCount(input.rows)} rows are as the file asks${rest}</p>`
}

/** Commands are on lines of their own. */
function nextText(next: string): string {
  const lines = next.split('\n').map((line) => {
    const text = html(line)
    return `<p>${line.startsWith('rapyd-bulk ') ? `<code class="command">${text}</code>` : text}</p>`
  })
  return lines.join('')
}

/** Links to the sections. */
function navigation(sections: readonly string[]): string {
  const links = sections
    .join('')
    .matchAll(/<section id="(\w+)"><h2[^>]*>([^<]*)</g)
    .map(([, id, title]) => `<li><a href="#${id}">${title}</a></li>`)
  return `<nav aria-label="Sections"><ul>${[...links].join('')}</ul></nav>`
}

function utc(time: string): string {
  return time === '' ? 'not started' : `${time.slice(0, 19).replace('T', ' ')} UTC`
}

function factsSection({ input, account, parent, exit_code }: Summary, facts: ReportFacts): string {
  const { mapping, options, versions } = facts
  // The path is left out: it may hold the name of a user
  const list: readonly (readonly [string, string])[] = [
    ['Input', input.path === '-' ? 'standard input' : basename(input.path)],
    ['SHA-256', input.sha256],
    ['Size', `${formatCount(input.bytes)} bytes, ${formatCount(input.rows)} rows`],
    ...(parent === undefined ? [] : [['Sends again rows of', parent.run_id] as const]),
    ['Mapping', mapping],
    ['Account', `${account} (fingerprint of the access key)`],
    ['Exit code', String(exit_code)],
    ['Versions', versions],
    ...options,
  ]
  return `<section id="run"><h2>What was run</h2><dl class="facts">${list.map(([name, value]) => `<dt>${html(name)}</dt><dd>${html(value)}</dd>`).join('')}</dl></section>`
}
