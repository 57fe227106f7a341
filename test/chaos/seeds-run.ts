/** `npm run test:seeds -- --count 2000 --from 1`: whole runs on virtual time. Ends with 1 where a seed shows a violation. */
import { parseArgs } from 'node:util'
import { runSeed } from './seeds.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '500' }, from: { type: 'string', default: '1' } },
})
const [from, count] = [Number(values.from), Number(values.count)]
const sum = { bad: 0, crashes: 0, requests: 0, hours: 0 }
for (let seed = from; seed < from + count; seed++) {
  const result = await runSeed(seed)
  sum.crashes += result.crashes
  sum.requests += result.requests
  sum.hours += result.hours
  if (result.violations.length === 0) continue
  sum.bad++
  process.exitCode = 1
  process.stdout.write(
    `seed ${seed}: ${result.violations.slice(0, 3).join('; ')}\n  again with: npm run test:seeds -- --from ${seed} --count 1\n`,
  )
}
process.stdout.write(
  `${count} seeds, ${sum.crashes} crashes, ${sum.requests} requests, ${sum.hours.toFixed(0)} h of virtual time: ${sum.bad} with violations\n`,
)
