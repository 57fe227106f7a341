/** Where OpenTelemetry is not set up, a run has no decorator for it. */
import { expect, it } from 'vitest'
import { traced } from '../../../src/engine/telemetry.ts'

it('where nobody has set it up, the run gets the watch as it was', async () => {
  const watch = {}
  const ended = { summary: { run_id: '', env: '', host: '' }, exitCode: 0 }
  await traced(watch, (told) => {
    expect(told).toBe(watch)
    return Promise.resolve(ended)
  })
})
