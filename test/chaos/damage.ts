/**
 * Lane D: one file of the store, of a run or of a plan is damaged, in the middle of a run or between two; then the same command
 * again and others, and the way out that a refusal names. Rapyd's own log decides whether rows were lost or applied twice.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { program, usualEnvironment, withSettleTime } from '../acceptance/support/command.ts'
import { storeIn } from '../acceptance/support/store.ts'
import type { HostedCommand } from './damage-host.ts'
import { applyPlan, makeScene, runId, sceneNames, type Scene } from './damage-scenes.ts'
import { damageOne, type Damage } from './damage-kinds.ts'
import { createDice, type Dice } from './dice.ts'
import { wayOut } from './damage-tips.ts'

export interface DamagePlan {
  readonly seed: number
  /** Damages of one scene. */
  readonly trials: number
  /** Run commands in one process after another instead of one each. Default false. */
  readonly isHosted?: boolean
  /** Only this one. */
  readonly trial?: number
}

export interface DamageResult {
  readonly scene: string
  readonly damage: string
  /** Codes of the refusals and warnings, in their order; empty if nothing was noticed. */
  readonly codes: readonly string[]
  readonly violations: readonly string[]
  /** Each command, how it ended, and what it said. */
  readonly story: readonly string[]
}

interface Ended {
  readonly args: readonly string[]
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that takes longer hangs: the slowest takes a few seconds. */
const longestMs = 90_000
const kept = ['.state', 'rapyd-runs', 'my-plan.ndjson']

/** Copies what is kept in a folder. */
function copyKept(from: string, to: string): void {
  for (const name of kept) {
    rmSync(join(to, name), { recursive: true, force: true })
    if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name), { recursive: true })
  }
}

export async function* damage(plan: DamagePlan): AsyncGenerator<DamageResult> {
  // Copies of folders keep their modes.
  process.umask(0o077)
  const temporary = mkdtempSync(join(tmpdir(), 'rapyd-bulk-damage-'))
  const name = sceneNames[plan.seed % sceneNames.length] ?? 'update killed'
  const runner = createRunner(plan.isHosted === true)
  const scene = await makeScene(name, (folder) => {
    const old = join(temporary, 'old')
    copyKept(folder, old)
    return old
  })
  const whole = join(temporary, 'whole')
  copyKept(scene.folder.path, whole)
  const held = new Map([...scene.expected.keys()].map((id) => [id, scene.server.customer(id)]))
  try {
    for (let trial = 0; trial < plan.trials; trial++) {
      if (plan.trial !== undefined && plan.trial !== trial) continue
      copyKept(whole, scene.folder.path)
      for (const [id, fields] of held) scene.server.put(id, fields)
      scene.server.updates.length = 0
      const dice = createDice((plan.seed << 12) ^ trial ^ 0xda3a)
      const roots = kept.map((entry) => join(scene.folder.path, entry))
      const done = damageOne({ dice, roots, folder: scene.folder.path, old: scene.old })
      const found = await judgeTrial({ scene, whole, dice, done, runner })
      yield { scene: `${plan.seed}/${trial} ${name}`, damage: done.text, ...found }
    }
  } finally {
    runner.close()
    await scene.close()
    rmSync(temporary, { recursive: true, force: true })
  }
}

interface Trial {
  readonly scene: Scene
  readonly whole: string
  readonly dice: Dice
  readonly done: Damage
  readonly runner: ReturnType<typeof createRunner>
}

/** Commands that look at runs, or send what is left of a finished one. */
const others: readonly (readonly string[])[] = [
  ['runs'],
  ['runs', '--json'],
  ['report', runId],
  ['verify', runId],
  ['redo', runId, '--rate', 'none', '--quiet'],
  ['rollback', runId, '--dry-run', '--rate', 'none'],
  ['state', 'show'],
  ['store', 'check'],
  ['store', 'check', '--json'],
]
const documented = new Set([0, 1, 2, 3, 5, 6, 7])

async function judgeTrial({ scene, whole, dice, done, runner }: Trial) {
  const violations: string[] = []
  const codes: string[] = []
  const story: string[] = []
  const { folder, server } = scene
  const env = { ...server.keys, RAPYD_BASE_URL: server.url }
  /** True once a command was followed that says it sends rows again. */
  let isRepeated = false

  async function run(args: readonly string[], input?: string): Promise<Ended> {
    const before = server.updates.length
    const ended = await runner.run({ folder: folder.path, args, env, input })
    violations.push(...wrongsOf(ended, server.updates.length - before))
    const code = codeIn(ended.stderr)
    const sent = server.updates.length - before
    story.push(`${args.join(' ')}: exit ${ended.code}, ${sent} sent\n${ended.stdout}${ended.stderr}`)
    if (code !== '') codes.push(code)
    else if (/is damaged/.test(ended.stderr)) codes.push('a warning')
    const said = ended.stdout + ended.stderr
    if (ended.code === 6 && !done.names.some((name) => said.includes(name)) && codes.length === 1)
      violations.push(`it does not name ${done.names.join(' or ')}: ${ended.stderr}`)
    return ended
  }

  async function look(): Promise<void> {
    const command = others[dice.roll(0, others.length - 1)]
    if (command !== undefined) await run(command)
  }

  /** Runs a command until it ends well, along the ways out that it names. */
  async function toEnd(command: readonly string[], depth = 0): Promise<Ended | undefined> {
    let args = command
    let input: string | undefined
    for (let tries = 0; tries < 8; tries++) {
      const ended = await run(args, input)
      if (ended.code === 0 || depth > 2) return ended
      // Rows in doubt are left for a redo.
      const redo = /rapyd-bulk (redo [\w-]+)/.exec(ended.stdout + ended.stderr)?.[1]
      if (ended.code === 1 && redo !== undefined) await run([...redo.split(' '), '--rate', 'none', '--quiet'])
      if (ended.code === 1) return ended
      const out = wayOut({ ...ended, dice, tries, plan: scene.plan })
      if (out === undefined) {
        violations.push(`no way out of ${ended.code ?? 'a kill'}: ${args.join(' ')}: ${ended.stderr}`)
        return undefined
      }
      if (out.isRepeated) isRepeated = true
      if (out.putBack === 'all') copyKept(whole, folder.path)
      if (out.putBack === 'store') copyStoreBack(whole, folder.path)
      for (const path of out.remove) rmSync(path, { force: true })
      for (const before of out.commands) await toEnd(before, depth + 1)
      input = out.isPiped === true ? scene.input : input
      args = [...command, ...out.more]
    }
    violations.push(`it was refused again and again: ${codes.join(' ')}`)
    return undefined
  }

  if (dice.chance(0.5)) await look()
  const last = await toEnd(scene.again)
  if (scene.again[0] === 'plan' && last !== undefined) await toEnd(applyPlan)
  await look()
  if (last !== undefined) {
    const isSilent = codes.length === 0
    violations.push(...wrongsAtRapyd(scene, isRepeated, isSilent), ...wrongResults(scene))
  }
  return { codes, violations, story }
}

function codeIn(stderr: string): string {
  return /\[(E_\w+)\]/.exec(stderr)?.[1] ?? ''
}

function wrongsOf({ args, code, stdout, stderr }: Ended, sent: number): readonly string[] {
  const what = `${args.join(' ')} (exit ${code}): ${stderr}`
  const text = `${stdout}\n${stderr}`
  return [
    ...(code === null ? [`it hangs or was killed: ${what}`] : []),
    ...(code !== null && !documented.has(code) ? [`exit ${code}: ${what}`] : []),
    ...(/\n\s+at .*[(:]|node:internal/.test(text) ? [`a stack trace: ${what}`] : []),
    ...(sent > 0 && /nothing was sent/i.test(text)
      ? [`${sent} requests, and nothing was sent: ${what}`]
      : []),
    ...(code !== null && code > 1 && codeIn(stderr) === '' && args[0] !== 'store'
      ? [`no code: ${what}`]
      : []),
  ]
}

/** What customers hold in the end. */
function wrongsAtRapyd({ folder, server, expected }: Scene, isRepeated: boolean, isSilent: boolean) {
  const wrongs: string[] = []
  const unknown = unknownIn(folder.path)
  let twice = 0
  for (const [id, { name, streets }] of expected) {
    if (unknown.has(id)) continue
    const held = server.customer(id)
    if (held['name'] !== name) wrongs.push(`${id} holds ${String(held['name'])}, not ${name}`)
    const lines = addressesOf(held)
    for (const street of streets) {
      const times = lines.filter((line) => line === street).length
      if (times === 0) wrongs.push(`${street} was lost`)
      if (times > 1) twice++
    }
    const foreign = lines.filter((line) => !streets.includes(line))
    if (foreign.length > 0) wrongs.push(`${id} was sent ${foreign.join()}, which no row holds`)
  }
  if (twice > 0 && !isRepeated)
    wrongs.push(`${twice} addresses were applied twice${isSilent ? ' in silence' : ''}`)
  return wrongs
}

function addressesOf(held: Readonly<Record<string, unknown>>): readonly string[] {
  const { addresses } = held
  return Array.isArray(addresses)
    ? addresses.map((address: { line_1?: unknown }) => String(address.line_1))
    : []
}

/** `updated` and `unchanged` are only said of rows whose name is held, or was written over by a later row. */
function wrongResults({ folder, server, expected }: Scene): readonly string[] {
  const unknown = unknownIn(folder.path)
  return resultsOf(folder.path).flatMap(({ row = '', customer_id: id = '', outcome = '', run = '' }) => {
    if (unknown.has(id) || (outcome !== 'updated' && outcome !== 'unchanged')) return []
    const isHeld = server.customer(id)['name'] === expected.get(id)?.name
    return isHeld ? [] : [`${run}: row ${row} of ${id} is called ${outcome}`]
  })
}

/** Customers with a row that may have been applied, as its run says. */
function unknownIn(folder: string): ReadonlySet<string> {
  const rows = resultsOf(folder).filter(({ outcome }) => outcome === 'unknown')
  return new Set(rows.map(({ customer_id: id = '' }) => id))
}

/** Of all runs. */
function resultsOf(folder: string): readonly Readonly<Record<string, string>>[] {
  const runs = join(folder, 'rapyd-runs')
  return readdirSync(runs).flatMap((run) => {
    const path = join(runs, run, 'results.csv')
    const rows = existsSync(path) ? readRows(path) : undefined
    return (rows ?? []).map((row) => Object.assign(row, { run }))
  })
}

/** Undefined for the damaged file itself. */
function readRows(path: string): Record<string, string>[] | undefined {
  try {
    return parse(readFileSync(path), { columns: true })
  } catch {
    return undefined
  }
}

function copyStoreBack(whole: string, folder: string): void {
  const [from, to] = [storeIn(whole), storeIn(folder)]
  rmSync(join(to, '..'), { recursive: true, force: true })
  cpSync(join(from, '..'), join(to, '..'), { recursive: true })
}

/** Starts commands, each in a process of its own or all in one that is replaced when it hangs. */
function createRunner(isHosted: boolean) {
  let host: ChildProcess | undefined
  const hosting = join(import.meta.dirname, 'damage-host.ts')

  function start(command: HostedCommand): ChildProcess {
    const isOwn = !isHosted || command.input !== undefined
    if (!isOwn && host?.connected === true) return host
    const started = fork(isOwn ? program : hosting, isOwn ? [...command.args] : [], {
      cwd: command.folder,
      env: { ...usualEnvironment(command.folder), NO_COLOR: '1', ...command.env },
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    })
    started.stdin?.on('error', () => {})
    started.stdin?.end(command.input ?? '')
    if (!isOwn) host = started
    return started
  }

  return {
    async run(given: HostedCommand): Promise<Ended> {
      const command = { ...given, args: withSettleTime(given.args) }
      const child = start(command)
      let [stdout, stderr] = ['', '']
      const onOut = (text: unknown): void => void (stdout += String(text))
      const onErr = (text: unknown): void => void (stderr += String(text))
      child.stdout?.on('data', onOut)
      child.stderr?.on('data', onErr)
      const bound = setTimeout(() => child.kill('SIGKILL'), longestMs)
      const { args } = command
      const found = await new Promise<Omit<Ended, 'args'>>((resolve) => {
        child.once('close', (code) => {
          if (host === child) host = undefined
          resolve({ code, stdout, stderr })
        })
        if (child !== host) return
        child.once('message', (ended: Ended) => {
          child.removeAllListeners('close')
          resolve(ended)
        })
        child.send(command)
      })
      clearTimeout(bound)
      child.stdout?.off('data', onOut)
      child.stderr?.off('data', onErr)
      return { ...found, args }
    },
    close(): void {
      host?.kill('SIGKILL')
    },
  }
}
