/** `simulator`: serves the embedded Rapyd customers API on loopback until a signal ends it. */
import { once } from 'node:events'
import { exitCodes } from '../../model/errors.ts'
import { enforcedWindows } from '../../engine/remote.ts'
import { createSimulator } from '../../simulator/server.ts'
import { readKey } from '../../config/environment.ts'
import type { Arguments } from '../command-table.ts'
import { drainOnSignals } from '../terminal.ts'

export async function simulate(args: Arguments<'simulator'>): Promise<number> {
  const accessKey = readKey('RAPYD_ACCESS_KEY', process.env)
  const secretKey = readKey('RAPYD_SECRET_KEY', process.env)
  const { rate, latency = 0, ...flags } = args
  const simulator = await createSimulator({
    ...flags,
    latencyMs: latency,
    keepCalls: 0,
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
    ...(rate === undefined ? {} : { windows: enforcedWindows(rate) }),
  })
  const keys =
    accessKey === undefined
      ? `export RAPYD_ACCESS_KEY=${simulator.accessKey} RAPYD_SECRET_KEY=${simulator.secretKey}\n`
      : ''
  process.stdout.write(`${keys}export RAPYD_BASE_URL=${simulator.url}\n`)
  process.stderr.write('The simulator is ready. These keys open nothing else. Stop it with Ctrl-C.\n')
  const { signal, release } = drainOnSignals()
  if (!signal.aborted) await once(signal, 'abort')
  await simulator.close()
  release()
  return exitCodes.OK
}
