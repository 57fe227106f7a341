/**
 * `npm run test:syscalls`: strikes every system call of a small run, by SIGKILL and by errors of the disk. `--seed 7` for
 * another file, `--lane kills`, `errors` or `reports` for one of the three, `--side` so many runs side by side, `--most` for a sample.
 */
import { parseArgs } from 'node:util'
import { whyNotHere } from './strace.ts'
import { strike } from './strike.ts'
import { errors, kills, reportErrors, sample, titleOf } from './sweep.ts'
import { wrongs } from './verdict.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '3' },
    lane: { type: 'string', default: 'all' },
    side: { type: 'string', default: '4' },
    most: { type: 'string', default: '100000' },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const seed = Number(values.seed)
const wanted = (lane: string): boolean => values.lane === 'all' || values.lane === lane
const why = whyNotHere()
if (why !== '') say(`skipped: ${why}`)
else {
  const all = [
    ...(wanted('kills') ? await kills(seed) : []),
    ...(wanted('errors') ? await errors(seed) : []),
    ...(wanted('reports') ? await reportErrors(seed) : []),
  ]
  const open = sample(all, Number(values.most), seed)
  const sum = { struck: open.length, hit: 0, wrong: 0 }
  async function work(): Promise<void> {
    for (let plan = open.shift(); plan !== undefined; plan = open.shift()) {
      const struck = await strike(plan)
      if (struck.hit) sum.hit++
      const found = wrongs(plan, struck)
      if (found.length > 0) sum.wrong++
      for (const wrong of found) say(`${titleOf(plan)}: ${wrong}`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.side) }, work))
  say(JSON.stringify(sum))
  process.exitCode = sum.wrong === 0 ? 0 : 1
}
