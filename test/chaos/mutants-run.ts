/**
 * `npm run test:mutants`: plants one wrong at a time into a copy of the source and requires the tests beside it to go
 * red. Ends with 1 where one survives, or where its text is not found any more. `--only salt` for some of them.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const root = join(import.meta.dirname, '..', '..')
const copy = mkdtempSync(join(tmpdir(), 'rapyd-bulk-mutants-'))
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const longestMs = 300_000

interface Finished {
  readonly code: number | null
  readonly output: string
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

const runTests = (tests: readonly string[]): Promise<Finished> =>
  run([join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...tests.map((test) => join('test', test))])

/** The copy's file with the wrong in it. */
function mutated(text: string, { title, file, edits }: Mutant): string {
  return edits.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2)
      throw new Error(`"${title}" cannot be planted: not once in src/${file}: ${from}`)
    return before.replace(from, () => to)
  }, text)
}

/** Gives what went red, or an empty text where the mutant survived. */
async function tryMutant(mutant: Mutant): Promise<string> {
  const path = join(copy, 'src', mutant.file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(text, mutant))
  try {
    // A wrong that cannot even be loaded would turn everything red and prove nothing.
    const loaded = await run(['--input-type=module', '-e', `await import(${JSON.stringify(path)})`])
    if (loaded.code !== 0) throw new Error(`"${mutant.title}" does not load: ${loaded.output}`)
    const { code, output } = await runTests(mutant.tests)
    if (code === 0) return ''
    return / FAIL .*/.exec(output)?.[0].replace(/^ FAIL\s+/, '') ?? 'ended in time'
  } finally {
    writeFileSync(path, text)
  }
}

try {
  for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const chosen = mutants.filter(({ title }) => title.includes(values.only))
  for (const mutant of chosen) mutated(readFileSync(join(copy, 'src', mutant.file), 'utf8'), mutant)
  const sound = await runTests([...new Set(chosen.flatMap(({ tests }) => tests))])
  if (sound.code !== 0) throw new Error(`the tests are red without any mutant:\n${sound.output}`)
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
