/**
 * `npm run test:crash -- --kills 1000 --seed 7`: jobs with consecutive seeds until there were so many kills.
 * `--jobs 1` for one job alone, `--rows 600` for larger files, `--each` kills a job, `--side` so many jobs side by side. Ends with 1 where anything was violated.
 */
import { parseArgs } from 'node:util'
import { crash } from './crash.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: 'Infinity' },
    rows: { type: 'string', default: '150' },
    each: { type: 'string', default: '6' },
    side: { type: 'string', default: '3' },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const most = Number(values.kills)
const rows = Number(values.rows)
const each = Number(values.each)
const sum = { kills: 0, rows: 0, applied: 0, readBack: 0, lost: 0, twice: 0, reordered: 0 }

let next = 0

/** Takes one job after another; several side by side keep the machine busy while runs wait. */
async function work(): Promise<void> {
  while (next < Number(values.jobs) && sum.kills < most) {
    const seed = Number(values.seed) + next++
    const result = await crash({ seed, rows, kills: each })
    sum.rows += rows
    for (const name of ['kills', 'applied', 'readBack', 'lost', 'twice', 'reordered'] as const)
      sum[name] += result[name]
    const { violations } = result
    say(`seed ${seed}: ${result.kills} kills, ${result.readBack} read back, ${violations.length} violations`)
    if (violations.length === 0) continue
    process.exitCode = 1
    say(violations.slice(0, 10).join('\n'))
    say(`again with: npm run test:crash -- --seed ${seed} --jobs 1 --rows ${rows} --each ${each}`)
  }
}

await Promise.all(Array.from({ length: Number(values.side) }, work))
say(JSON.stringify(sum))
