/** What OpenTelemetry is told where it is set up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bulkUpdate, type BulkUpdateOptions } from '../../src/index.ts'
import { canary, canaryCsv, canaryNdjson, keyCanary } from './support/canaries.ts'
import { envelope, optionsOf, startRapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const records = [
  { customer: id(1), name: 'Zzname' },
  { customer: id(2), name: 'Zzname' },
  { customer: id(3), email: 'bad' },
  { customer: id(4), name: 'Zzname' },
]
let options: BulkUpdateOptions
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telemetry-'))
  const env = { env: 'simulator', rate: 'none', faults: `not-found=${id(4)}`, maxErrors: '100%' } as const
  options = { input: records, ...env, runsDir: join(folder, 'runs') }
})
afterEach(() => {
  trace.disable()
  metrics.disable()
  rmSync(folder, { recursive: true })
})

/** What is exported from now on. */
function listen() {
  const spans = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
  )
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  return {
    spans: () => spans.getFinishedSpans(),
    async metrics() {
      await reader.forceFlush()
      const told = exporter.getMetrics()
      await reader.shutdown()
      return told.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    },
  }
}

it('a span for the run and one for each call, without personal data, and rows by outcome', async () => {
  const exported = listen()
  const { summary } = await bulkUpdate(options)

  const all = exported.spans()
  const run = all.find(({ name }) => name === 'rapyd-bulk run')
  expect(run?.attributes).toEqual({
    'rapyd_bulk.run_id': summary.run_id,
    'rapyd_bulk.env': 'simulator',
    'server.address': 'simulator',
    'rapyd_bulk.exit_code': 1,
  })
  const calls = all.filter(({ name }) => name === 'rapyd-bulk call')
  expect(calls.map(({ attributes }) => attributes)).toEqual(
    expect.arrayContaining([
      {
        'rapyd_bulk.row': 1,
        'rapyd_bulk.outcome': 'updated',
        'rapyd_bulk.attempts': 1,
        'http.response.status_code': 200,
      },
      {
        'rapyd_bulk.row': 4,
        'rapyd_bulk.outcome': 'rejected',
        'rapyd_bulk.attempts': 1,
        'http.response.status_code': 400,
        'error.type': 'E_CUSTOMER_NOT_FOUND',
      },
    ]),
  )
  expect(calls).toHaveLength(3)
  for (const call of calls) expect(call.parentSpanContext?.spanId).toBe(run?.spanContext().spanId)

  const told = await exported.metrics()
  const rows = told.find(({ descriptor }) => descriptor.name === 'rapyd_bulk.rows')
  expect(
    Object.fromEntries(
      (rows?.dataPoints ?? []).map(({ attributes, value }) => [attributes['rapyd_bulk.outcome'], value]),
    ),
  ).toEqual({ updated: 2, invalid: 1, rejected: 1 })
  expect(JSON.stringify([all.map(({ attributes, events }) => [attributes, events]), told])).not.toMatch(
    /Zzname|cus_/,
  )
})

it('neither cells, keys and names of the file nor texts of the server are in spans and metrics', async () => {
  const server = await startRapydServer()
  const [word, digits] = ['zqvxk', '73918264']
  // Codes, fields, messages, operation ids and pages that hold what nobody may see.
  server.answer = ({ id: customer }) =>
    [
      undefined,
      { status: 400, body: envelope('ERROR', 'ZQVXK_CODE', undefined, word) },
      {
        status: 422,
        body: envelope('ERROR', `ERROR_X - [METADATA.${keyCanary.toUpperCase()}]`).replace(
          '"operation"',
          `"${digits}"`,
        ),
      },
      { status: 404, body: `<html>${word}</html>` },
    ][Number(customer.slice(-2)) % 4]
  const exported = listen()
  for (const [name, text] of [
    [`crm.ndjson`, canaryNdjson()],
    // Without its header it is refused.
    [`nameless.csv`, canaryCsv().replace(/^.*\n/, '')],
  ] as const) {
    writeFileSync(join(folder, name), text)
    const bounds = { maxErrors: '100%', maxClears: '100%', acceptChange: ['damage'] } as const
    await bulkUpdate({ ...optionsOf(server, { path: folder }), ...bounds, input: join(folder, name) }).catch(
      () => {},
    )
  }
  await server.close()

  const all = exported.spans()
  const told = await exported.metrics()
  expect(all.filter(({ name }) => name === 'rapyd-bulk run')).toHaveLength(2)
  expect(new Set(all.map(({ attributes }) => attributes['rapyd_bulk.outcome']))).toContain('rejected')
  const shown = all.map(({ name, attributes, events, links, status }) => [
    name,
    attributes,
    events,
    links,
    status,
  ])
  const texts = JSON.stringify([shown, told])
  expect(texts).toContain('E_API')
  expect(texts).not.toMatch(canary)
  for (const text of [keyCanary, ...Object.values(server.keys)]) expect(texts).not.toContain(text)
})

it('a run that does not begin ends its span as an error', async () => {
  const spans = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
  )
  await expect(bulkUpdate({ ...options, strict: true })).rejects.toMatchObject({ code: 'E_STRICT' })
  expect(spans.getFinishedSpans().map(({ name, status }) => [name, status.code])).toEqual([
    ['rapyd-bulk run', 2],
  ])
})
