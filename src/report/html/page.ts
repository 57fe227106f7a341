/**
 * `report.html`: a run for the eye, in one file that asks nobody for anything. Its policy allows exactly the style and the
 * script that stand in it, by their digests, so that no text of others could run even if it were not escaped.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { needsAttention, outcomeKinds } from '../../model/outcome.ts'
import { formatCount } from '../format.ts'
import { writeOutputFile } from '../output-file.ts'
import type { Summary } from '../summary.ts'
import { attentionSection, errorsSection } from './attention-section.ts'
import { html } from './escape.ts'
import type { PageFold } from './page-fold.ts'
import { contents, headerOf } from './header.ts'
import type { Pause } from './pauses.ts'
import { fieldsSection, outcomesSection, timeSection } from './sections.ts'

/** From where it is in the source, which the package has as well. */
const textOf = (name: string): string =>
  readFileSync(new URL(`../../../src/report/html/${name}`, import.meta.url), 'utf8')

/** What was run, beyond what the summary says. */
export interface PageFacts {
  /** The mapping's name, and the digest that is part of the run. */
  readonly mapping: string
  /** As on a command line: `--blank` and `keep`. */
  readonly options: readonly (readonly [name: string, value: string])[]
  /** When nobody could send. */
  readonly pauses: readonly Pause[]
  /** Of this program and of Node. */
  readonly versions: string
}

/** Throws like `writeOutputFile`. */
export function writePage(directory: string, summary: Summary, facts: PageFacts, fold: PageFold): void {
  writeOutputFile(join(directory, 'report.html'), pageOf(summary, facts, fold))
}

export function* pageOf(summary: Summary, facts: PageFacts, fold: PageFold): Generator<string> {
  const [styles, script] = [textOf('page.css'), textOf('page.js')]
  const { attention } = fold
  const wanted = outcomeKinds.filter(needsAttention).reduce((sum, kind) => sum + summary.outcomes[kind], 0)
  const sections = [
    outcomesSection(summary),
    errorsSection(summary, attention),
    timeSection(summary, fold, facts.pauses),
    fieldsSection(summary, fold.changed),
    attentionSection(attention, wanted),
    factsSection(summary, facts),
  ]
  yield `${head(summary.run_id, styles, script)}<body>${headerOf(summary, wanted, attention.valued)}${contents(sections)}<main>
${sections.join('\n')}
</main>\n<footer><p>Made by rapyd-bulk from the journal of the run. This file asks nobody for anything.</p></footer>\n`
  if (attention.listed > 0) {
    yield '<script type="application/json" id="attention-data">'
    yield attention.json()
    yield `</script>\n<script>${script}</script>\n`
  }
  yield '</body></html>\n'
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

function factsSection({ input, account, parent, exit_code }: Summary, facts: PageFacts): string {
  const { mapping, options, versions } = facts
  // Folders may bear the name of whoever ran it.
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
