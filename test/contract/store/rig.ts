/** What the contract of a store is held to, and the runs of a test, which are closed when it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { Outcome, FieldEffects } from '../../../src/model/row.ts'
import type {
  AccountId,
  OpenRunOptions,
  Run,
  RunManifest,
  RunReader,
  Store,
} from '../../../src/model/store.ts'
import { collected } from '../../support/collected.ts'
import { accountId, manifestOf, openOptions, rowOutcome, rowRequest } from '../../support/stored-run.ts'

/** One kind of store. */
export interface StoreKind {
  /** Opens the store that belongs to a folder. A store that is opened twice stands for two processes. */
  open(folder: string): Promise<Store>
  /** Lets the lease of a run's owner end, as if the owner had stood still for that long. */
  endLease(folder: string, id: string): Promise<void>
}

export interface StoreRig {
  /** A store as another process sees it. */
  readonly open: () => Promise<Store>
  readonly openRun: (
    store: Store,
    id: string,
    manifest?: Partial<RunManifest>,
    options?: Partial<OpenRunOptions>,
  ) => Promise<Run>
  /** Closes a run, and opens it again as the next session does. */
  readonly reopen: (run: Run) => Promise<Run>
  readonly close: (run: Run) => Promise<void>
  readonly find: (store: Store, id: string) => Promise<RunReader>
  readonly endLease: (id: string) => Promise<void>
}

/** Call in a `describe`: each test has a store of its own. */
export function createStoreRig(kind: StoreKind): StoreRig {
  let folder = ''
  const stores: Store[] = []
  const openRuns = new Map<Run, readonly [Store, string, Partial<RunManifest>, Partial<OpenRunOptions>]>()

  async function openRun(
    store: Store,
    id: string,
    manifest: Partial<RunManifest> = {},
    options: Partial<OpenRunOptions> = {},
  ): Promise<Run> {
    const run = await store.openRun(manifestOf(id, manifest), { ...openOptions, ...options })
    openRuns.set(run, [store, id, manifest, options])
    return run
  }

  async function close(run: Run): Promise<void> {
    openRuns.delete(run)
    await run.close()
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-store-'))
  })
  afterEach(async () => {
    for (const run of openRuns.keys()) await close(run)
    for (const store of stores.splice(0)) await store.close()
    rmSync(folder, { recursive: true })
  })

  return {
    async open() {
      const store = await kind.open(folder)
      stores.push(store)
      return store
    },
    openRun,
    async reopen(run) {
      const [store, id, manifest, options] = openRuns.get(run) ?? []
      if (store === undefined || id === undefined) throw new Error('the run is not open')
      await close(run)
      return openRun(store, id, manifest, options)
    },
    close,
    async find(store, id) {
      const found = await store.findRun(id)
      if (found === undefined) throw new Error(`no run ${id}`)
      return found
    },
    endLease: (id) => kind.endLease(folder, id),
  }
}

export const other: AccountId = { ...accountId, account: 'another account' }

/** The outcomes of a run, as they come. */
export async function outcomesOf(run: Pick<RunReader, 'outcomes'>): Promise<readonly Outcome[]> {
  return (await collected(run.outcomes())).flat()
}

/** Records the intent of a row that sets fields of the customer. */
export async function intend(run: Run, row: number, ...fields: readonly string[]): Promise<void> {
  await run.recordIntent(requestOf(row, fields), openOptions.settleMs)
}

/** Records the outcome of a row: `updated`, or what `changes` make of it. */
export async function settle(
  run: Run,
  row: number,
  effects?: FieldEffects,
  changes: Partial<Outcome> = {},
): Promise<void> {
  await run.recordOutcome(rowOutcome(row, changes), effects)
}

export function requestOf(row: number, fields: readonly string[] = ['name']): ReturnType<typeof rowRequest> {
  return rowRequest(row, Object.fromEntries(fields.map((field) => [field, 'x'])))
}
