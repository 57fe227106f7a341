/**
 * `npm run test:syscalls`: strikes every system call of a small run, by SIGKILL and by errors of the disk. `--seed 7` for
 * another file, `--lane kills` or `--lane errors` for one of the two, `--side` so many runs side by side, `--most` for a sample.
 */
import { parseArgs } from 'node:util'
import { whyNotHere } from './strace.ts'
import { strike } from './strike.ts'
import { errors, kills, sample, titleOf } from './sweep.ts'
import { wrongs } from './verdict.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '3' },
    lane: { type: 'string', default: 'both' },
    side: { type: 'string', default: '4' },
    most: { type: 'string', default: '100000' },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const seed = Number(values.seed)
const why = whyNotHere()
if (why !== '') say(`skipped: ${why}`)
else {
  const all = [
    ...(values.lane === 'errors' ? [] : await kills(seed)),
    ...(values.lane === 'kills' ? [] : await errors(seed)),
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
