/** `npm run test:sync -- --rows 20000 --nights 8 --seed 3 --jobs 1`: bases with consecutive seeds. Ends with 1 where anything was violated. */
import { parseArgs } from 'node:util'
import { sync } from './sync.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '400' },
    nights: { type: 'string', default: '18' },
    share: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '10' },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

for (let job = 0; job < Number(values.jobs); job++) {
  const seed = Number(values.seed) + job
  const plan = { seed, rows: Number(values.rows), nights: Number(values.nights), share: Number(values.share) }
  const { kills, refusals, calls, violations } = await sync(plan)
  say(
    `seed ${seed}: ${kills} kills, ${refusals} refusals, ${calls} requests, ${violations.length} violations`,
  )
  if (violations.length > 0) process.exitCode = 1
  say(violations.slice(0, 10).join('\n'))
}
