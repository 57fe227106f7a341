/**
 * `npm run test:mutants`: plants one wrong at a time into a copy of the source and requires the tests beside it to go
 * red. Ends with 1 where one survives, or where its text is not found any more. `--only salt` for some of them,
 * `--from 40` to go on with the fortieth.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants, type Mutant } from './mutant.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, from: { type: 'string', default: '1' } },
})
const root = join(import.meta.dirname, '..', '..')
const copy = mkdtempSync(join(tmpdir(), 'rapyd-bulk-mutants-'))
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const longestMs = 300_000
const sound = new Set<string>()

interface Finished {
  readonly code: number | null
  readonly output: string
}

/** Ends what tests have left that were cut off: each such process names the copy. */
function endLeftovers(): void {
  for (const pid of spawnSync('pgrep', ['-f', copy], { encoding: 'utf8' }).stdout.split('\n')) {
    try {
      if (pid !== '') process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Runs Node in the copy, in a process group of its own, which is gone afterwards. */
function run(args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: copy,
      env: { ...process.env, RAPYD_BULK_SEED: '4', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    const end = (): void => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // Nothing of it is left.
      }
    }
    const bound = setTimeout(end, longestMs)
    child.stdout.on('data', (text) => (output += String(text)))
    child.stderr.on('data', (text) => (output += String(text)))
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(bound)
      end()
      resolve({ code, output })
    })
  })
}

/** Up to the first red: a mutant can make each further test wait until its time is over. */
function runTests(tests: readonly string[], named: readonly string[]): Promise<Finished> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return run([vitest, 'run', '--bail=1', ...named, ...tests.map((test) => join('test', test))])
}

/** The copy's file with the wrong in it. */
function mutated(text: string, { title, file, edits }: Mutant): string {
  return edits.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2)
      throw new Error(`"${title}" cannot be planted: not once in src/${file}: ${from}`)
    return before.replace(from, () => to)
  }, text)
}

/** Throws where the tests are red without any mutant: then their red proves nothing. */
async function requireSound(tests: readonly string[], named: readonly string[]): Promise<void> {
  const fresh = tests.filter((test) => !sound.has(`${test} ${named.join()}`))
  if (fresh.length === 0) return
  const { code, output } = await runTests(fresh, named)
  if (code !== 0) throw new Error(`red without any mutant, or not over after ${longestMs} ms:\n${output}`)
  for (const test of fresh) sound.add(`${test} ${named.join()}`)
}

/** Gives what went red, or an empty text where the mutant survived. */
async function tryMutant(mutant: Mutant): Promise<string> {
  const named = mutant.named === undefined ? [] : ['-t', mutant.named]
  await requireSound(mutant.tests, named)
  const path = join(copy, 'src', mutant.file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(text, mutant))
  try {
    // A wrong that cannot even be loaded would turn everything red and prove nothing.
    const loaded = await run(['--input-type=module', '-e', `await import(${JSON.stringify(path)})`])
    if (loaded.code !== 0) throw new Error(`"${mutant.title}" does not load: ${loaded.output}`)
    const { code, output } = await runTests(mutant.tests, named)
    if (code === 0) return ''
    const [red = 'ended in time'] = / FAIL .* > .*/.exec(output) ?? / FAIL .*/.exec(output) ?? []
    return red.replace(/^ FAIL\s+/, '')
  } finally {
    endLeftovers()
    writeFileSync(path, text)
  }
}

try {
  for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const chosen = mutants.slice(Number(values.from) - 1).filter(({ title }) => title.includes(values.only))
  for (const mutant of chosen) mutated(readFileSync(join(copy, 'src', mutant.file), 'utf8'), mutant)
  let survivors = 0
  for (const mutant of chosen) {
    const red = await tryMutant(mutant)
    if (red === '') survivors++
    say(`${red === '' ? 'SURVIVED' : 'red     '} ${mutant.title.padEnd(60)} ${red || mutant.tests.join()}`)
  }
  say(`${chosen.length} mutants, ${survivors} survived`)
  process.exitCode = survivors === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
