/** `simulator`: serves the embedded Rapyd customers API on loopback until a signal ends it. */
import { once } from 'node:events'
import { exitCodes } from '../../model/errors.ts'
import { enforcedWindows } from '../../engine/remote.ts'
import { createSimulator } from '../../simulator/server.ts'
import { readKey } from '../../config/environment.ts'
import type { Arguments } from '../command-table.ts'
import { drainOnSignals } from '../terminal.ts'

export async function simulate(args: Arguments<'simulator'>): Promise<number> {
  const [accessKey, secretKey] = [
    readKey('RAPYD_ACCESS_KEY', process.env),
    readKey('RAPYD_SECRET_KEY', process.env),
  ]
  const given = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey }
  const simulator = await createSimulator({
    port: args.port ?? 0,
    idempotency: args.idempotency === 'all-post' ? 'all-post' : 'off',
    latencyMs: args.latency ?? 0,
    faults: args.faults ?? '',
    seed: args.seed ?? 1,
    keepCalls: 0,
    ...given,
    ...(args.rate === undefined ? {} : { windows: enforcedWindows(args.rate) }),
  })
  const isHalf = given === undefined && (accessKey ?? secretKey) !== undefined
  if (isHalf) process.stderr.write('Only one of the two keys is set, so the simulator takes neither.\n')
  const keys = `export RAPYD_ACCESS_KEY=${simulator.accessKey} RAPYD_SECRET_KEY=${simulator.secretKey}\n`
  const { signal, release } = drainOnSignals()
  process.stdout.write(`${given === undefined ? keys : ''}export RAPYD_BASE_URL=${simulator.url}\n`)
  const use = given === undefined ? 'These keys open nothing else.' : 'It takes the keys of the environment.'
  process.stderr.write(`The simulator is ready. ${use} Stop it with Ctrl-C.\n`)
  if (!signal.aborted) await once(signal, 'abort')
  await simulator.close()
  release()
  return exitCodes.OK
}
