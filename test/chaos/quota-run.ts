/** `npm run test:quota`: 100,000 calls by one process and by four, with kills, on virtual time. Takes some minutes. */
import { parseArgs } from 'node:util'
import { quotaNight } from './quota.ts'

const { values } = parseArgs({ options: { calls: { type: 'string', default: '100000' } } })
const windows = [
  { limit: 180, perMs: 60_000 },
  { limit: 900, perMs: 300_000 },
]
for (const processes of [1, 4]) {
  const plan = { seed: processes, calls: Number(values.calls), processes, kills: 40, windows, latencyMs: 300 }
  const { crossings, used, shares, hours } = await quotaNight(plan)
  process.stdout.write(
    `${processes} processes, ${plan.kills} kills: ${crossings} crossings, ${(used * 100).toFixed(2)} % used, ${shares.join(' / ')} calls, ${hours.toFixed(2)} h\n`,
  )
  if (crossings > 0) process.exitCode = 1
}
