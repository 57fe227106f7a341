/** A fresh folder beside a simulator that outlives the commands: for what one run leaves and another takes up. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import {
  createSimulator,
  type SimulatedCustomer,
  type Simulator,
  type SimulatorOptions,
} from '../../../src/index.ts'
import { freshFolder, type Finished, type Folder } from './command.ts'

export interface Rehearsal {
  readonly folder: Folder
  readonly simulator: Simulator
  readonly keys: Readonly<Record<string, string>>
  /** Runs a command without rate windows. */
  run(...args: readonly string[]): Promise<Finished>
  /** Runs, without plans, in the order of their names. */
  runs(): readonly string[]
  results(run: string): readonly Record<string, string>[]
  /** The bodies of all updates so far, with their customers. */
  updates(): readonly { readonly customer: string; readonly body: unknown }[]
  close(): Promise<void>
}

export async function startRehearsal(
  customers: readonly SimulatedCustomer[],
  options: SimulatorOptions = {},
): Promise<Rehearsal> {
  const folder = freshFolder()
  const simulator = await createSimulator({ windows: [], customers, ...options })
  const keys = {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }
  const runsDir = join(folder.path, 'rapyd-runs')
  return {
    folder,
    simulator,
    keys,
    run: (...args) => folder.run([...args, '--rate', 'none'], keys),
    runs: () =>
      readdirSync(runsDir)
        .filter((name) => !name.startsWith('.'))
        .filter((name) => !name.endsWith('-plan'))
        .toSorted(),
    results: (run) => parse(readFileSync(join(runsDir, run, 'results.csv'), 'utf8'), { columns: true }),
    updates: () =>
      simulator.calls.flatMap(({ method, customerId, body }) =>
        method === 'POST' ? [{ customer: customerId, body: JSON.parse(body) }] : [],
      ),
    async close() {
      await simulator.close()
      folder.remove()
    },
  }
}
