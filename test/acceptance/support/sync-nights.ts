/** Nights of a sync: an export that is written anew, the library or the real command, and a Rapyd that remembers. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { freshFolder, type Finished, type Folder, type Started } from './command.ts'
import { BulkUpdateError, bulkUpdate, type BulkUpdateOptions, type UpdateResult } from '../../../src/index.ts'
import { startRapydServer, type RapydServer } from './rapyd-server.ts'

export interface Person {
  readonly id: string
  name: string
  email: string
  tier: string
}

export const idOf = (number: number): string => `cus_${number.toString(16).padStart(32, '0')}`

/** Every cell but the ids holds the word `canary`. */
export const people = (count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({
    id: idOf(index),
    name: `Canary-Name ${index}`,
    email: `canary-${index}@example.com`,
    tier: index % 2 === 0 ? 'canary-gold' : 'canary-silver',
  }))

/** The rows again, with what is changed in each. */
export const changed = (
  rows: readonly Person[],
  change: (row: Person, index: number) => Partial<Person>,
): Person[] => rows.map((row, index) => Object.assign({}, row, change(row, index)))

/** The rows again, with another name for one of them. */
export const renamed = (rows: readonly Person[], at: number, name: string): Person[] =>
  changed(rows, (_, index) => (index === at ? { name } : {}))

export const csvOf = (rows: readonly Person[]): string =>
  `customer,name,email,metadata.tier\n${rows.map(({ id, name, email, tier }) => `${id},${name},${email},${tier}\n`).join('')}`

/** How a night ended: its exit code, the code of the error that ended it, and its summary as JSON. */
interface Ended {
  readonly code: number
  readonly error: string
  readonly summary: string
}

function endOf({ exitCode, stopped, summary }: UpdateResult): Ended {
  return { code: exitCode, error: stopped?.code ?? '', summary: JSON.stringify(summary) }
}

function refusalOf(reason: unknown): Ended {
  if (reason instanceof BulkUpdateError) return { code: reason.exitCode, error: reason.code, summary: '{}' }
  throw reason
}

export type Nights = Awaited<ReturnType<typeof startNights>>

/** Arguments of every night; the exports of tests change more from night to night than real ones do. */
const usual = ['update', 'crm.csv', '--only-changed', '--accept-change', 'all']

/** A folder with the export `crm.csv`, and a server of its own. `close` removes both. */
export async function startNights() {
  const folder: Folder = freshFolder()
  const rapyd: RapydServer = await startRapydServer()
  const environment = { RAPYD_BASE_URL: rapyd.url, ...rapyd.keys }
  const command = (...args: readonly string[]): Promise<Finished> => folder.run(args, environment)
  const common: BulkUpdateOptions = {
    // The server applies nothing late.
    settleAfterMs: 1_000,
    input: join(folder.path, 'crm.csv'),
    baseUrl: rapyd.url,
    accessKey: rapyd.keys.RAPYD_ACCESS_KEY,
    secretKey: rapyd.keys.RAPYD_SECRET_KEY,
    runsDir: join(folder.path, 'rapyd-runs'),
    store: join(folder.path, '.state', 'rapyd-bulk', 'store.db'),
    onlyChanged: true,
    acceptChange: ['all'],
    rate: 'none',
  }

  /** Sends a file with the library, and gives what was asked of the server meanwhile. `error` is the code of a refusal. */
  async function night(rows: readonly Person[], more: Partial<BulkUpdateOptions> = {}) {
    folder.write('crm.csv', csvOf(rows))
    rapyd.updates.length = 0
    const ended = await bulkUpdate({ ...common, ...more }).then(endOf, refusalOf)
    const bodies = Object.fromEntries(rapyd.updates.map(({ id, body }) => [id, JSON.parse(body)]))
    return { ...ended, summary: JSON.parse(ended.summary), bodies }
  }

  /** Begins a night, for a test that ends it. */
  function begin(rows: readonly Person[], ...more: readonly string[]): Started {
    folder.write('crm.csv', csvOf(rows))
    return folder.start([...usual, ...more], environment)
  }

  /** Kills a night while the update of a customer is at the server. */
  async function killedAt(
    rows: readonly Person[],
    id: string,
    answer: 'cut_before' | 'cut_after',
    ...more: readonly string[]
  ): Promise<void> {
    const started = begin(rows, ...more)
    rapyd.answer = (call) => {
      if (call.id !== id) return undefined
      started.kill('SIGKILL')
      return answer
    }
    await started.finished
    rapyd.answer = () => undefined
  }

  /** The folder of the store and of the files next to it. */
  const storeFolder = join(folder.path, '.state', 'rapyd-bulk')

  return {
    folder,
    rapyd,
    environment,
    command,
    night,
    begin,
    killedAt,
    storeFolder,
    loseStore: (): void => rmSync(storeFolder, { recursive: true }),
    serverHolds(rows: readonly Person[]): void {
      for (const { id, name, email, tier } of rows)
        expect(rapyd.customer(id)).toEqual({ name, email, metadata: { tier } })
      expect(rapyd.broken).toEqual([])
    },
    async close(): Promise<void> {
      await rapyd.close()
      folder.remove()
    },
  }
}
