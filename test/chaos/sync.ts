/**
 * Lane S: nights of `--only-changed` over one customer base. Nights are killed and gone on with, or given up for the next
 * export; other runs write in between; the store is lost, or an old copy of it is put back. Such a store is refused before
 * anything is sent, and the ways out are taken by turns. After each night Rapyd has to hold what its export says, and of
 * customers whom nothing has happened to, each call must hold just what differs.
 */
import { cpSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fieldTable, mapFields } from '../../src/store/sqlite/field-effects.ts'
import { openStoreDatabase } from '../../src/store/sqlite/database.ts'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { createDice } from './dice.ts'
import { csvOf, firstExport, nextExport, type Export } from './export.ts'
import {
  createWorkplace,
  startSession,
  stateFolder,
  type Ended,
  type Session,
  type Workplace,
} from './session.ts'
import { heldBy, wrongs, type Doubts } from './sync-verdict.ts'

export interface SyncPlan {
  readonly seed: number
  readonly rows: number
  readonly nights: number
  /** Share of the customers that change from night to night. */
  readonly share: number
}

export interface SyncResult {
  readonly kills: number
  /** Starts that were refused because of the store. */
  readonly refusals: number
  readonly calls: number
  readonly violations: readonly string[]
}

/** In turns; the first nights have nothing to lose. */
const courses = [
  'whole',
  'killed',
  'given up',
  'killed',
  'lost',
  'elsewhere',
  'put back',
  'lost elsewhere',
  'log lost',
] as const
type Course = (typeof courses)[number]

const concurrency = 4
/** At most; each that comes to its end may send to a customer in doubt. */
const sessionsOfNight = 4

export async function sync(plan: SyncPlan): Promise<SyncResult> {
  const { seed, nights } = plan
  const idempotency = seed % 2 === 0 ? 'off' : 'all-post'
  const faults = 'reset-after:1%,reset-before:1%'
  const server = { windows: [], faults, seed, latencyMs: 2, keepCalls: 1_000_000 }
  const simulator = await createSimulator({ ...server, idempotency })
  const place = createWorkplace('crm.csv', '')
  const base = createBase(plan, simulator, place)
  const violations: string[] = []
  try {
    for (let night = 0; night < nights && violations.length === 0; night++) {
      const course = courses[night % courses.length] ?? 'whole'
      for (const wrong of await base.pass(night, course))
        violations.push(`night ${night} (${course}): ${wrong}`)
    }
    return { ...base.counts, calls: simulator.callCount, violations }
  } finally {
    await base.end()
    await simulator.close()
    place.remove()
  }
}

interface CustomerBase {
  readonly counts: { readonly kills: number; readonly refusals: number }
  /** Resolves with what was wrong with the night. */
  pass(night: number, course: Course): Promise<readonly string[]>
  end(): Promise<void>
}

function createBase({ seed, rows, share }: SyncPlan, simulator: Simulator, place: Workplace): CustomerBase {
  const dice = createDice(seed ^ 0x0517)
  const { run, update, toEnd, end } = createCommands(simulator, place)
  const store = createCopies(place)
  const counts = { kills: 0, refusals: 0 }
  let [beforeLast, last, next]: [Export, Export, Export] = [new Map(), new Map(), firstExport(rows)]
  let known: ReadonlySet<string> = new Set()
  /** Customers with an open intent of a run that nobody goes on with: they stay in doubt for longer than a night is. */
  let doubted: ReadonlySet<string> = new Set()
  /** Customers that the night before may have sent, if nobody goes on with it. */
  let begun: ReadonlySet<string> = new Set()
  let found: string[] = []

  const usual = (): Doubts => ({
    shaken: doubted.union(begun),
    needlessAtMost: doubted.size,
    mostApplied: sessionsOfNight,
  })
  const allInDoubt = (mostApplied: number): Doubts => {
    return { shaken: new Set(next.keys()), needlessAtMost: next.size, mostApplied }
  }

  /** Kills a session once so many calls have come. False if it ended before. */
  async function kill(calls: number): Promise<boolean> {
    const killed = update('crm.csv', '--only-changed')
    const until = simulator.callCount + calls
    while (killed.running && simulator.callCount < until) await sleep(1)
    await sleep(dice.roll(0, 6))
    killed.signal('SIGKILL')
    const isKilled = (await killed.ended).signal === 'SIGKILL'
    if (isKilled) counts.kills++
    return isKilled
  }

  /** A start that has to be refused before anything is sent. */
  async function refused(): Promise<void> {
    const before = simulator.callCount
    const ended = await update('crm.csv', '--only-changed').ended
    counts.refusals++
    if (!isLoss(ended)) found.push(`it was not refused: ${ended.code ?? ended.signal} ${ended.stderr}`)
    if (simulator.callCount > before) found.push('it sent before it was refused')
  }

  /** A store that is behind its mark is accepted first; then it is told what Rapyd holds, or everything is sent. */
  async function beginAnew(isLastHeld: boolean): Promise<Doubts> {
    const checked = await run('store', 'check')
    if (checked.code !== 0) {
      if (!isLoss(checked)) found.push(`store check ended ${checked.code}: ${checked.stderr}`)
      found.push(...failed(await run('store', 'check', '--restored')))
      await store.passSettleTime()
      await refused()
    }
    if (isLastHeld && dice.chance(0.5)) {
      writeFileSync(join(place.path, 'last.csv'), csvOf(last))
      found.push(...failed(await run('state', 'baseline', 'last.csv')))
      found.push(...(await toEnd('crm.csv', '--only-changed')))
      known = new Set(last.keys())
      return usual()
    }
    found.push(...(await toEnd('crm.csv', '--only-changed', '--new-state')))
    known = new Set()
    return allInDoubt(isLastHeld ? 1 : 2)
  }

  /** The store is gone, or an old copy is in its place. */
  async function passLoss(course: Course): Promise<Doubts> {
    await refused()
    if (course !== 'lost elsewhere' && dice.chance(0.3)) {
      store.putNewestBack()
      found.push(...(await toEnd('crm.csv', '--only-changed')))
      return usual()
    }
    if (course !== 'put back') doubted = new Set()
    return beginAnew(course !== 'lost elsewhere')
  }

  /** The log of a night that was killed is gone, and with it what was not in the database yet. */
  async function passLogLoss(changes: number): Promise<Doubts> {
    const wasKilled = await kill(dice.roll(1, changes))
    store.loseLog()
    const ended = await update('crm.csv', '--only-changed').ended
    if (!isLoss(ended)) {
      found.push(...failed(ended))
      return wasKilled ? allInDoubt(2) : usual()
    }
    counts.refusals++
    return beginAnew(false)
  }

  /** Returns undefined if nobody goes on with the night. */
  async function goThrough(course: Course): Promise<Doubts | undefined> {
    const changes = [...next].filter(([id, values]) => last.get(id) !== values).length
    if (course === 'lost' || course === 'put back' || course === 'lost elsewhere') return passLoss(course)
    if (course === 'log lost') return passLogLoss(changes)
    if (course === 'given up' && (await kill(dice.roll(1, changes)))) {
      doubted = doubted.union(store.openIntents())
      begun = begun.union(new Set([...next.keys()].filter((id) => last.get(id) !== next.get(id))))
      return undefined
    }
    if (course === 'killed')
      for (let at = 1; at < sessionsOfNight; at++) await kill(dice.roll(0, changes / 2))
    found.push(...(await toEnd('crm.csv', '--only-changed')))
    return usual()
  }

  /** Some customers are changed by a run that is no night. */
  async function changeElsewhere(night: number): Promise<void> {
    const some = [...last].filter(() => dice.chance(0.1)).map(([id]) => `${id},Elsewhere ${night}\n`)
    writeFileSync(join(place.path, 'other.csv'), `customer,name\n${some.join('')}`)
    found.push(...(await toEnd('other.csv')))
  }

  return {
    counts,
    end,
    async pass(night, course) {
      found = []
      if (course === 'lost' || course === 'lost elsewhere') store.putAway()
      if (course === 'put back') {
        store.putOldBack(dice.chance(0.5))
        // The file of the night that the copy is from: to the copy nothing has changed.
        if (dice.chance(0.5)) next = beforeLast
      }
      if (course.endsWith('elsewhere')) await changeElsewhere(night)
      writeFileSync(join(place.path, 'crm.csv'), csvOf(next))
      const held = new Map([...next.keys()].map((id) => [id, heldBy(simulator, id)]))
      const callsBefore = simulator.calls.length
      const doubts = await goThrough(course)
      if (doubts === undefined) {
        // Another export comes next, or once more the last one that was sent to its end.
        next = dice.chance(0.5) ? last : nextExport(next, night, dice, share)
        return found
      }
      const calls = simulator.calls.slice(callsBefore)
      found.push(...wrongs({ next, known, held, calls, simulator, ...doubts }))
      store.keep()
      known = known.union(new Set(next.keys()))
      begun = new Set()
      ;[beforeLast, last, next] = [last, next, nextExport(next, night, dice, share)]
      return found
    },
  }
}

/** The commands of a lane, one at a time. */
function createCommands(simulator: Simulator, place: Workplace) {
  const env = {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }
  const pace = ['--rate', '100000/1s', '--concurrency', String(concurrency)]
  const always = [...pace, '--quiet', '--accept-change', 'all', '--max-clears', '100%']
  let session: Session | undefined
  const start = (...args: readonly string[]): Session => (session = startSession(place.path, args, env))
  const update = (file: string, ...more: readonly string[]): Session =>
    start('update', file, ...always, ...more)
  return {
    run: (...args: readonly string[]): Promise<Ended> => start(...args).ended,
    update,
    /** Resolves with what was wrong. */
    toEnd: async (file: string, ...more: readonly string[]) => failed(await update(file, ...more).ended),
    end: async (): Promise<void> => {
      session?.signal('SIGKILL')
      await session?.ended
    },
  }
}

function failed({ code, signal, stderr }: Ended): readonly string[] {
  return code === 0 ? [] : [`a command ended ${code ?? signal}: ${stderr}`]
}

/** The store, or what it knew, is called lost. */
function isLoss({ code, stderr }: Ended): boolean {
  return (code === 2 || code === 6) && /\[E_ST(?:ORE|ATE)_LOST\]/.test(stderr)
}

/** The store between sessions, and copies of it. */
function createCopies(place: Workplace) {
  const folder = join(place.path, ...stateFolder)
  const kept = join(place.path, 'kept')
  const old = join(place.path, 'old')
  const away = join(place.path, 'away')
  return {
    /** After a night: the last copy becomes the old one. */
    keep(): void {
      move(kept, old)
      copy(folder, kept)
    },
    putAway: () => move(folder, away),
    putOldBack(withMark: boolean): void {
      move(folder, away)
      copy(old, folder)
      if (!withMark) copy(join(away, 'store.db-mark'), `${place.store}-mark`)
    },
    putNewestBack: () => move(away, folder),
    /** As if 90 seconds had passed since the store was accepted: before that, no outcome confirms a field. */
    async passSettleTime(): Promise<void> {
      const database = await openStoreDatabase(place.store)
      try {
        for (const { account, customer } of database.all('SELECT account, customer FROM field_state')) {
          const table = fieldTable(database, Number(account))
          const known = table.get(String(customer))
          table.put(
            String(customer),
            mapFields(known, (entry) => ({ ...entry, until: 0 })),
          )
        }
      } finally {
        database.close()
      }
    },
    loseLog(): void {
      for (const end of ['wal', 'shm']) rmSync(`${place.store}-${end}`, { force: true })
    },
    /** The customers with an open intent. */
    openIntents(): ReadonlySet<string> {
      const db = new DatabaseSync(place.store)
      try {
        return new Set(
          db
            .prepare('SELECT DISTINCT customer FROM intent')
            .all()
            .map(({ customer }) => String(customer)),
        )
      } finally {
        db.close()
      }
    },
  }
}

function move(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  if (existsSync(from)) renameSync(from, to)
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, force: true })
}
