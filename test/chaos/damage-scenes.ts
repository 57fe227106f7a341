/** What was going on when a file was damaged: commands that were killed or had ended, and what Rapyd has to hold in the end. */
import { rmSync } from 'node:fs'
import { freshFolder, type Folder } from '../acceptance/support/command.ts'
import { startRapydServer, type RapydServer } from '../acceptance/support/rapyd-server.ts'

export const customers = 24
const repeated = 4
export const idOf = (number: number): string => `cus_${String(number).padStart(32, '0')}`
const pace = ['--rate', 'none', '--concurrency', '3', '--quiet']
export const runId = 'damaged'
const planPath = 'my-plan.ndjson'

export interface Scene {
  readonly name: SceneName
  readonly folder: Folder
  readonly server: RapydServer
  /** Where the store, runs and plans are, and an older copy of them. */
  readonly old: string
  /** What comes next: the command that was killed, or the next one. */
  readonly again: readonly string[]
  /** What was piped in. */
  readonly input: string | undefined
  /** What makes a plan of the scene anew. */
  readonly plan: readonly string[] | undefined
  readonly expected: ReadonlyMap<string, Expected>
  close(): Promise<void>
}

/** Undefined parts are not judged. */
export interface Expected {
  readonly name: string
  /** Each of them once. */
  readonly streets: readonly string[]
}

export const sceneNames = [
  'update killed',
  'night killed',
  'apply killed',
  'rollback killed',
  'plan killed',
  'update finished',
  'next night',
  'planned',
  'rollback next',
  'standard input killed',
] as const
export type SceneName = (typeof sceneNames)[number]

interface Row {
  readonly customer: number
  readonly name: string
  readonly street: string
}

function rowsOf(night: number): readonly Row[] {
  const rows = Array.from({ length: customers }, (_, customer) => rowOf(customer, night, ''))
  // Some customers have a second row.
  return [...rows, ...rows.slice(0, repeated).map(({ customer }) => rowOf(customer, night, ' b'))]
}

/** On the second night a third of the names and some of the streets are others. */
function rowOf(customer: number, night: number, end: string): Row {
  const named = night > 1 && customer % 3 === 0 ? night : 1
  const moved = night > 1 && customer % 8 === 3 ? night : 1
  return { customer, name: `Name ${customer}.${named}${end}`, street: `Street ${customer}.${moved}${end}` }
}

function csvOf(rows: readonly Row[], hasStreets: boolean): string {
  const lines = rows.map(({ customer, name, street }) =>
    [idOf(customer), name, ...(hasStreets ? [street] : [])].join(','),
  )
  return `customer,name${hasStreets ? ',addresses[0].line_1' : ''}\n${lines.join('\n')}\n`
}

/** Makes the scene with the real command. `copy` is told when the store and the folders are as they were before the end. */
export async function makeScene(name: SceneName, keepOld: (folder: string) => string): Promise<Scene> {
  const folder = freshFolder()
  const server = await startRapydServer()
  server.take = (patch, held) => {
    const { addresses } = patch
    if (!Array.isArray(addresses)) return patch
    const before: unknown = held['addresses']
    return { ...patch, addresses: [...(Array.isArray(before) ? before : []), ...addresses] }
  }
  for (let customer = 0; customer < customers; customer++)
    server.put(idOf(customer), { id: idOf(customer), name: `Before ${customer}`, addresses: [] })
  const env = { ...server.keys, RAPYD_BASE_URL: server.url }
  const isNight = name.includes('night')
  const isBack = name.startsWith('rollback')
  const update = [
    'update',
    'crm.csv',
    ...pace,
    ...(isNight ? ['--only-changed', '--accept-change', 'all'] : ['--run-id', runId]),
  ]
  const plan = ['plan', 'crm.csv', '--rate', 'none', '--out', planPath, '--force', '--quiet']
  const apply = ['apply', planPath, '--verify', ...pace, '--run-id', runId]
  const rollback = ['rollback', runId, ...pace]
  const piped = ['update', '-', ...pace, '--run-id', runId]
  const hasStreets = !isBack
  // Two rows of one customer differ from each other every night, so they are sent every night.
  const rows = (night: number): readonly Row[] => rowsOf(night).slice(0, isNight ? customers : undefined)
  const [first, second] = [rows(1), rows(2)]
  folder.write('crm.csv', csvOf(first, hasStreets))
  folder.write('last.csv', csvOf(first, hasStreets))

  /** Ends when so many more requests have come. */
  async function killed(args: readonly string[], requests: number, input = ''): Promise<void> {
    const started = folder.start(args, env, input)
    let left = requests
    const strike = (): void => void (--left === 0 && started.kill('SIGKILL'))
    server.answer = () => {
      strike()
      return left > 0 ? undefined : left === 0 ? 'cut_after' : 'cut_before'
    }
    server.answerRead = () => {
      if (name === 'plan killed') strike()
      return undefined
    }
    await started.finished
    server.answer = () => undefined
    server.answerRead = () => undefined
  }

  async function done(args: readonly string[]): Promise<void> {
    const { code, stderr } = await folder.run(args, env)
    if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stderr}`)
  }

  /** Killed twice: what it was after the first time is the old copy. */
  async function killedTwice(args: readonly string[], input = ''): Promise<string> {
    await killed(args, 7, input)
    const old = keepOld(folder.path)
    await killed(args, 9)
    return old
  }

  async function enact(): Promise<{ readonly old: string; readonly again: readonly string[] }> {
    if (name === 'update killed') return { old: await killedTwice(update), again: update }
    if (name === 'standard input killed')
      return { old: await killedTwice(piped, csvOf(first, hasStreets)), again: piped }
    if (name === 'plan killed') return { old: await killedTwice(plan), again: plan }
    if (name === 'planned' || name === 'apply killed') {
      await done(plan)
      if (name === 'planned') return { old: keepOld(folder.path), again: apply }
      return { old: await killedTwice(apply), again: apply }
    }
    if (isBack) {
      await killed([...update, '--backup'], 7)
      const old = keepOld(folder.path)
      await done([...update, '--backup'])
      if (name === 'rollback next') return { old, again: rollback }
      return { old: await killedTwice(rollback), again: rollback }
    }
    await killed(update, 7)
    const old = keepOld(folder.path)
    await done(update)
    if (name === 'update finished') return { old, again: update }
    folder.write('crm.csv', csvOf(second, hasStreets))
    if (name === 'night killed') await killed(update, 5)
    return { old, again: update }
  }

  const { old, again } = await enact()
  const expected = new Map<string, Expected>()
  const all = isNight ? [...first, ...second] : first
  for (let customer = 0; customer < customers; customer++) {
    const own = all.filter((row) => row.customer === customer)
    const streets = hasStreets ? [...new Set(own.map(({ street }) => street))] : []
    expected.set(idOf(customer), { name: isBack ? `Before ${customer}` : (own.at(-1)?.name ?? ''), streets })
  }
  return {
    name,
    folder,
    server,
    old,
    again,
    input: again === piped ? csvOf(first, hasStreets) : undefined,
    plan: name.startsWith('plan') || name === 'apply killed' ? plan : undefined,
    expected,
    async close() {
      await server.close()
      folder.remove()
      rmSync(old, { recursive: true, force: true })
    },
  }
}

export const applyPlan = ['apply', planPath, '--verify', ...pace, '--run-id', runId]
