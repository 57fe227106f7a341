/** The summary for other programs: JUnit for CI servers, and metrics for Prometheus. */
import { countUp } from '../model/collections.ts'
import { outcomeKinds } from '../model/row.ts'
import { printable } from '../model/text.ts'
import { xml } from './escape.ts'
import { formatRows } from './format.ts'
import { countNeedingAttention, durationMs, type Summary } from './summary.ts'

/** What files begin with, so that no other file is replaced. */
export const junitStart = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="rapyd-bulk" '
export const metricsStart = '# HELP rapyd_bulk_'

/** `--junit`: a test case is a kind of error, not a row, because 100,000 failed tests say less than ten. */
export function toJunit(summary: Summary): string {
  const { run_id, outcomes, errors } = summary
  const unexplained = countNeedingAttention(outcomes) - errors.reduce((sum, { count }) => sum + count, 0)
  const failures = errors.map(({ code, field, count, message, example_row, tip }) =>
    failure(
      `${code}${field === '' ? '' : ` ${field}`}: ${message}`,
      code,
      `${formatRows(count)}, such as row ${example_row}`,
      tip,
    ),
  )
  // Without the input, rows that were not reached are only counted.
  if (unexplained > 0)
    failures.push(
      failure('rows without a reason', 'none', formatRows(unexplained), summary.next.replaceAll('\n', ' ')),
    )
  const passed = `<testcase classname="${xml(run_id)}" name="${formatRows(outcomes.updated + outcomes.unchanged)} updated or unchanged"/>`
  const seconds = durationMs(summary) / 1_000
  const time = Number.isNaN(seconds) ? '' : ` time="${seconds.toFixed(3)}"`
  const counts = `tests="${failures.length + 1}" failures="${failures.length}" errors="0" skipped="0"${time}`
  return `${junitStart}${counts}>
<testsuite name="${xml(run_id)}" ${counts} hostname="${xml(summary.host)}">
${[passed, ...failures.map((text) => `<testcase classname="${xml(run_id)}" ${text}</testcase>`)].join('\n')}
</testsuite>
</testsuites>
`
}

function failure(name: string, type: string, message: string, tip: string): string {
  return `name="${xml(name)}"><failure type="${xml(type)}" message="${xml(message)}">${xml(tip)}</failure>`
}

/**
 * `--metrics-file`: the text format of Prometheus, for the textfile collector of node_exporter. Gauges, because every run starts
 * at zero. The id of the run is no label: each run would make new series.
 */
export function toMetrics(summary: Summary): string {
  const { outcomes, latency_ms: latency, started_at: started, finished_at: finished } = summary
  const labels = `env="${escapeLabel(summary.env)}",host="${escapeLabel(summary.host)}"`
  const codes = new Map<string, number>()
  for (const { code, count } of summary.errors) countUp(codes, code, count)

  function each(name: string, help: string, label: string, counts: Iterable<[string, number]>): string {
    const full = `rapyd_bulk_${name}`
    const own = (key: string): string => (label === '' ? '' : `,${label}="${escapeLabel(key)}"`)
    const lines = [...counts].map(([key, count]) => `${full}{${labels}${own(key)}} ${count}\n`)
    return lines.length === 0 ? '' : `${metricsStart}${name} ${help}\n# TYPE ${full} gauge\n${lines.join('')}`
  }

  /** A run that has not started has no such time. */
  const one = (name: string, help: string, value: number): string =>
    each(name, help, '', Number.isNaN(value) ? [] : [['', value]])

  const quantiles: readonly [string, number][] = [
    ['0.5', latency.p50 / 1_000],
    ['0.9', latency.p90 / 1_000],
    ['0.99', latency.p99 / 1_000],
    ['1', latency.max / 1_000],
  ]
  return [
    each(
      'rows',
      'Rows of the last run by outcome.',
      'outcome',
      outcomeKinds.map((kind) => [kind, outcomes[kind]]),
    ),
    each('errors', 'Rows of the last run that need attention, by error code.', 'code', codes),
    one('calls', 'Rows that were sent.', summary.calls),
    one('attempts', 'Requests that were made to update them.', summary.attempts),
    each('retries', 'Attempts that were repeated, by reason.', 'reason', Object.entries(summary.retries)),
    one('rate_limited', 'Answers 429.', summary.rate_limited),
    each('latency_seconds', 'How long answers took.', 'quantile', quantiles),
    one('exit_code', 'How the last run ended; 0 is well.', summary.exit_code),
    one('started_timestamp_seconds', 'When it began.', Date.parse(started) / 1_000),
    one('finished_timestamp_seconds', 'When it ended.', Date.parse(finished) / 1_000),
  ].join('')
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
