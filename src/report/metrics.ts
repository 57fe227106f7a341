/**
 * `--metrics-file`: how a run went, in the text format of Prometheus, for the textfile collector of node_exporter. Gauges of
 * the last run, because every run begins at nothing.
 */
import { countUp } from '../model/collections.ts'
import { outcomeKinds } from '../model/outcome.ts'
import { printable } from '../model/text.ts'
import type { Summary } from './summary.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** The run's id is no label: it would make a new series of every night. */
export function metricsOf(summary: Summary): string {
  const { env, host, outcomes, errors, latency_ms, retries } = summary
  const codes = new Map<string, number>()
  for (const { code, count } of errors) countUp(codes, code, count)
  const metric = (name: string, help: string, samples: readonly Sample[]): string => {
    const full = `rapyd_bulk_${name}`
    const lines = samples.map(([labels, value]) => `${full}${labelText({ env, host, ...labels })} ${value}`)
    return lines.length === 0 ? '' : `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join('\n')}\n`
  }
  const quantiles: readonly Sample[] = [
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

function each(name: string, counts: Iterable<readonly [string, number]>): readonly Sample[] {
  return [...counts].map(([key, value]) => [{ [name]: key }, value])
}

/** Nothing of a run that has no such time. */
function one(value: number): readonly Sample[] {
  return Number.isNaN(value) ? [] : [[{}, value]]
}

function escaped(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

function labelText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`
}
