/**
 * `npm run test:damage -- --seed 1 --scenes 10 --trials 100`: scenes with consecutive seeds, and so many damages of each. `--trial 7`
 * for one alone, `--side` so many scenes side by side, `--real` with a process for each command. Ends with 1 where anything was violated.
 */
import { parseArgs } from 'node:util'
import { damage } from './damage.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    scenes: { type: 'string', default: '10' },
    trials: { type: 'string', default: '100' },
    trial: { type: 'string' },
    side: { type: 'string', default: '2' },
    real: { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const seeds = Array.from({ length: Number(values.scenes) }, (_, at) => Number(values.seed) + at)
const sum = { trials: 0, refused: 0, unnoticed: 0, violated: 0 }
const trial = values.trial === undefined ? {} : { trial: Number(values.trial) }

async function work(): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const plan = { seed, trials: Number(values.trials), isHosted: !values.real, ...trial }
    for await (const { scene, damage: done, codes, violations, story } of damage(plan)) {
      sum.trials++
      if (codes.length === 0) sum.unnoticed++
      else sum.refused++
      if (values.story) say(`${scene}: ${done}\n${story.join('\n')}`)
      if (violations.length === 0) continue
      say(`WRONG ${scene}: ${done}: ${codes.join(' ')}`)
      sum.violated++
      process.exitCode = 1
      say(
        violations
          .slice(0, 6)
          .map((wrong) => `  - ${wrong.trim()}`)
          .join('\n'),
      )
    }
  }
}

await Promise.all(Array.from({ length: Number(values.side) }, work))
say(JSON.stringify(sum))
