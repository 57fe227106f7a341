/**
 * `--junit`: a run as a CI server shows tests. A case is a kind of error and not a row, because a page of 100,000 red tests
 * says less than ten.
 */
import { needsAttention, outcomeKinds } from '../model/outcome.ts'
import { formatRows } from './format.ts'
import { html } from './html/escape.ts'
import type { Summary } from './summary.ts'

export function junitOf(summary: Summary): string {
  const { run_id, outcomes, errors } = summary
  const bad = outcomeKinds.filter(needsAttention).reduce((sum, kind) => sum + outcomes[kind], 0)
  const told = errors.reduce((sum, { count }) => sum + count, 0)
  const failures = errors.map(({ code, field, count, message, example_row, tip }) =>
    failure(
      `${code}${field === '' ? '' : ` ${field}`}: ${message}`,
      code,
      `${formatRows(count)}, such as row ${example_row}`,
      tip,
    ),
  )
  // Rows that were not reached are only counted where the input is gone.
  if (bad > told)
    failures.push(failure('rows without a reason', 'none', formatRows(bad - told), summary.next))
  const good = `<testcase classname="${attribute(run_id)}" name="${formatRows(outcomes.updated + outcomes.unchanged)} updated or unchanged"/>`
  const took = (Date.parse(summary.finished_at) - Date.parse(summary.started_at)) / 1_000
  const time = Number.isNaN(took) ? '' : ` time="${took.toFixed(3)}"`
  const counts = `tests="${failures.length + 1}" failures="${failures.length}" errors="0" skipped="0"${time}`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rapyd-bulk" ${counts}>
<testsuite name="${attribute(run_id)}" ${counts} hostname="${attribute(summary.host)}">
${[good, ...failures.map((text) => `<testcase classname="${attribute(run_id)}" ${text}</testcase>`)].join('\n')}
</testsuite>
</testsuites>
`
}

function failure(name: string, type: string, message: string, tip: string): string {
  return `name="${attribute(name)}"><failure type="${attribute(type)}" message="${attribute(message)}">${attribute(tip)}</failure>`
}

/** XML 1.0 has no way to write most control characters, which are shown, nor these two. */
function attribute(text: string): string {
  return html(text).replace(/[\ufffe\uffff]/g, '\ufffd')
}
