/**
 * `npm run bench`: the whole job against a bare undici loop and against the script that a user would write, `validate`
 * against csv-parse alone, and memory. Rounds are interleaved, figures are medians with minimum and maximum, and ratios come from one run.
 *
 *     npm run bench                    npm run bench -- --rows 20000 --rounds 3 --large 0
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeInput } from './input-file.ts'
import { measure, pinned, type Measured } from './measure.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '80000' },
    rounds: { type: 'string', default: '5' },
    large: { type: 'string', default: '1000000' },
  },
})
const [rows, rounds, large] = [Number(values.rows), Number(values.rounds), Number(values.large)]
const here = import.meta.dirname
const program = join(here, '..', '..', 'src', 'cli', 'bin.mjs')
const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-bench-'))
const keys = { RAPYD_ACCESS_KEY: 'bench-access-key', RAPYD_SECRET_KEY: 'bench-secret-key' }
const env = { PATH: process.env['PATH'], ...keys }
const small = 10_000

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Runs a file of this folder, or the program, on the client's core. */
function client(file: string, args: readonly string[]): Promise<Measured> {
  const [command, all] = pinned(0, process.execPath, [file, ...args])
  return measure(command, all, { cwd: folder, env })
}

let stores = 0

/** Each run has a store of its own, as a first run has. */
function update(url: string, input: string): Promise<Measured> {
  const store = join(folder, `store-${++stores}.db`)
  // The others read no customer either.
  const like = ['--metadata-keys', 'own']
  const options = ['--base-url', url, '--rate', 'none', '--new-run', '--quiet', '--store', store, ...like]
  return client(program, ['update', input, ...options])
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0
}

function line(name: string, count: number, measured: readonly Measured[]): void {
  const rates = measured.map(({ wallMs }) => (count / wallMs) * 1000)
  const [low, high] = [Math.min(...rates), Math.max(...rates)]
  const cpu = median(measured.map(({ cpuMs }) => (cpuMs / count) * 1000))
  const peak = Math.max(...measured.map(({ peakMb }) => peakMb))
  const range = `(${low.toFixed(0)}–${high.toFixed(0)})`
  say(
    `${name.padEnd(38)} ${median(rates).toFixed(0).padStart(8)} rows/s ${range.padEnd(18)} ${cpu.toFixed(1).padStart(7)} µs CPU/row  ${peak.toFixed(0).padStart(4)} MB`,
  )
}

/** Median over rounds of how many times as fast `one` was as `other` in the same round. */
function ratio(one: readonly Measured[], other: readonly Measured[]): string {
  return median(one.map(({ wallMs }, round) => (other[round]?.wallMs ?? 0) / wallMs)).toFixed(2)
}

const [command, args] = pinned(1, process.execPath, [join(here, 'target.ts')])
const target = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
try {
  const [port] = await once(target.stdout, 'data')
  const url = `http://127.0.0.1:${String(port).trim()}`
  const [input, smallInput, largeInput] = ['input.csv', 'small.csv', 'large.csv'].map((name) =>
    join(folder, name),
  )
  if (input === undefined || smallInput === undefined || largeInput === undefined)
    throw new Error('no folder')
  await writeInput(input, rows)
  say(
    `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model ?? ''}`,
  )
  say(`${rows} rows, 16 connections, ${rounds} rounds; times are of whole processes, start included\n`)
  const [ours, bare, script]: [Measured[], Measured[], Measured[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    bare.push(await client(join(here, 'bare.ts'), [url, String(rows)]))
    ours.push(await update(url, input))
    script.push(await client(join(here, 'script.ts'), [url, input]))
  }
  line('update --rate none', rows, ours)
  line('bare undici Pool.request, unsigned', rows, bare)
  line('script: csv-parse, p-limit, fetch', rows, script)
  say(`\nupdate is ${ratio(ours, bare)} × the bare loop and ${ratio(ours, script)} × the script\n`)
  if (large > 0) {
    await writeInput(smallInput, small)
    await writeInput(largeInput, large)
    const few = await update(url, smallInput)
    const many = await update(url, largeInput)
    line(`update, ${small} rows`, small, [few])
    line(`update, ${large} rows`, large, [many])
    say(`\npeak memory at ${large} rows is ${(many.peakMb / few.peakMb).toFixed(2)} × that at ${small}\n`)
    await writeInput(largeInput, large, true)
    const [checks, parses]: [Measured[], Measured[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      parses.push(await client(join(here, 'parse.ts'), [largeInput]))
      checks.push(await client(program, ['validate', largeInput]))
    }
    line(`validate, ${large} rows`, large, checks)
    line(`csv-parse with columns, ${large} rows`, large, parses)
    say(`\nvalidate is ${ratio(checks, parses)} × csv-parse alone`)
  }
} finally {
  target.stdin.end()
  await once(target, 'close')
  rmSync(folder, { recursive: true, force: true })
}
