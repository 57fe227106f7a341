/**
 * OpenTelemetry: a span for a run and one for each call, and counters, without personal data. Its API is an optional peer, which is
 * loaded only if a provider is registered in this process.
 */
import { needsAttention, type Outcome } from '../model/row.ts'
import type { RunWatch } from './watch.ts'
import { version } from '../config/system.ts'

/** The place where every copy of the API, version 1, keeps what was registered. */
const registered = Symbol.for('opentelemetry.js.api.1')

interface Ended {
  readonly summary: { readonly run_id: string; readonly env: string; readonly host: string }
  readonly exitCode: number
}

/** Runs `run` with a watch that also notifies OpenTelemetry; with `watch` itself if it is not set up. */
export async function traced<Result extends Ended>(
  watch: RunWatch,
  run: (watch: RunWatch) => Promise<Result>,
): Promise<Result> {
  if (!isSetUp()) return run(watch)
  const api = await import('@opentelemetry/api').catch(() => undefined)
  if (api === undefined) return run(watch)
  const { context, metrics, trace, SpanStatusCode } = api
  const tracer = trace.getTracer('rapyd-bulk', version)
  const meter = metrics.getMeter('rapyd-bulk', version)
  const rows = meter.createCounter('rapyd_bulk.rows', { description: 'Rows by outcome', unit: '{row}' })
  const requests = meter.createCounter('rapyd_bulk.requests', {
    description: 'Updates sent',
    unit: '{request}',
  })
  const answers = meter.createHistogram('rapyd_bulk.answer.duration', { description: 'Answers', unit: 's' })
  const span = tracer.startSpan('rapyd-bulk run')
  const inRun = trace.setSpan(context.active(), span)

  const watched: RunWatch = {
    ...watch,
    around: (next) => (request, signal) => {
      const call = tracer.startSpan(
        'rapyd-bulk call',
        { attributes: { 'rapyd_bulk.row': request.row } },
        inRun,
      )
      return context.with(trace.setSpan(inRun, call), async () => {
        try {
          const outcome = await next(request, signal)
          if (outcome !== undefined) {
            call.setAttributes(attributesOf(outcome))
            if (needsAttention(outcome.outcome))
              call.setStatus({ code: SpanStatusCode.ERROR, message: outcome.errorCode })
          }
          return outcome
        } finally {
          call.end()
        }
      })
    },
    async onOutcome(outcome) {
      rows.add(1, { 'rapyd_bulk.outcome': outcome.outcome })
      if (outcome.attempts > 0) {
        requests.add(outcome.attempts)
        answers.record(outcome.latencyMs / 1_000, { 'http.response.status_code': outcome.httpStatus })
      }
      await watch.onOutcome?.(outcome)
    },
  }

  try {
    const result = await context.with(inRun, () => run(watched))
    const { run_id: id, env, host } = result.summary
    span.setAttributes({ 'rapyd_bulk.run_id': id, 'rapyd_bulk.env': env, 'server.address': host })
    span.setAttribute('rapyd_bulk.exit_code', result.exitCode)
    if (result.exitCode > 1) span.setStatus({ code: SpanStatusCode.ERROR })
    return result
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

function isSetUp(): boolean {
  const found: unknown = Reflect.get(globalThis, registered)
  return typeof found === 'object' && found !== null && ('trace' in found || 'metrics' in found)
}

function attributesOf({
  outcome,
  attempts,
  httpStatus,
  errorCode,
}: Outcome): Record<string, string | number> {
  return {
    'rapyd_bulk.outcome': outcome,
    'rapyd_bulk.attempts': attempts,
    ...(httpStatus === 0 ? {} : { 'http.response.status_code': httpStatus }),
    ...(errorCode === '' ? {} : { 'error.type': errorCode }),
  }
}
