/** The summary for other programs: JUnit for CI servers, and metrics for Prometheus. */
import { countUp } from '../model/collections.ts'
import { outcomeKinds } from '../model/outcome.ts'
import { printable } from '../model/text.ts'
import { xml } from './escape.ts'
import { formatRows } from './format.ts'
import { countNeedingAttention, durationMs } from './summary.ts'
import type { Summary } from './summary.ts'

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
    failures.push(failure('rows without a reason', 'none', formatRows(unexplained), summary.next))
  const passed = `<testcase classname="${xml(run_id)}" name="${formatRows(outcomes.updated + outcomes.unchanged)} updated or unchanged"/>`
  const seconds = durationMs(summary) / 1_000
  const time = Number.isNaN(seconds) ? '' : ` time="${seconds.toFixed(3)}"`
  const counts = `tests="${failures.length + 1}" failures="${failures.length}" errors="0" skipped="0"${time}`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rapyd-bulk" ${counts}>
<testsuite name="${xml(run_id)}" ${counts} hostname="${xml(summary.host)}">
${[passed, ...failures.map((text) => `<testcase classname="${xml(run_id)}" ${text}</testcase>`)].join('\n')}
</testsuite>
</testsuites>
`
}

function failure(name: string, type: string, message: string, tip: string): string {
  return `name="${xml(name)}"><failure type="${xml(type)}" message="${xml(message)}">${xml(tip)}</failure>`
}

type Labels = Readonly<Record<string, string>>
type MetricSample = readonly [labels: Labels, value: number]

/**
 * `--metrics-file`: the text format of Prometheus, for the textfile collector of node_exporter. Gauges, because every run starts
 * at zero. The id of the run is no label: each run would make new series.
 */
export function toMetrics(summary: Summary): string {
  const { env, host, outcomes, errors, latency_ms, retries } = summary
  const codes = new Map<string, number>()
  for (const { code, count } of errors) countUp(codes, code, count)
  const metric = (name: string, help: string, samples: readonly MetricSample[]): string => {
    const full = `rapyd_bulk_${name}`
    const lines = samples.map(
      ([labels, value]) => `${full}${formatLabels({ env, host, ...labels })} ${value}`,
    )
    return lines.length === 0 ? '' : `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join('\n')}\n`
  }
  const quantiles: readonly MetricSample[] = [
    [{ quantile: '0.5' }, latency_ms.p50 / 1_000],
    [{ quantile: '0.9' }, latency_ms.p90 / 1_000],
    [{ quantile: '0.99' }, latency_ms.p99 / 1_000],
    [{ quantile: '1' }, latency_ms.max / 1_000],
  ]
  return [
    metric(
      'rows',
      'Rows of the last run by outcome.',
      each(
        'outcome',
        outcomeKinds.map((kind) => [kind, outcomes[kind]]),
      ),
    ),
    metric('errors', 'Rows of the last run that need attention, by error code.', each('code', codes)),
    metric('calls', 'Rows that were sent.', one(summary.calls)),
    metric('attempts', 'Requests that were made to update them.', one(summary.attempts)),
    metric('retries', 'Attempts that were repeated, by reason.', each('reason', Object.entries(retries))),
    metric('rate_limited', 'Answers 429.', one(summary.rate_limited)),
    metric('latency_seconds', 'How long answers took.', quantiles),
    metric('exit_code', 'How the last run ended; 0 is well.', one(summary.exit_code)),
    metric('started_timestamp_seconds', 'When it began.', one(Date.parse(summary.started_at) / 1_000)),
    metric('finished_timestamp_seconds', 'When it ended.', one(Date.parse(summary.finished_at) / 1_000)),
  ].join('')
}

function each(name: string, counts: Iterable<readonly [string, number]>): readonly MetricSample[] {
  return [...counts].map(([key, value]) => [{ [name]: key }, value])
}

/** Returns no sample if the run has no such time. */
function one(value: number): readonly MetricSample[] {
  return Number.isNaN(value) ? [] : [[{}, value]]
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

function formatLabels(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',')}}`
}
