/** `simulator`: serves the embedded Rapyd customers API on loopback until a signal ends it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { exitCodes, systemCode } from '../../model/errors.ts'
import { errorOf } from '../../engine/errors.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import { enforcedWindows } from '../../engine/remote.ts'
import { createSimulator, type SimulatedCall, type SimulatedCustomer } from '../../simulator/server.ts'
import { readKey } from '../../config/environment.ts'
import type { Arguments } from '../command-table.ts'
import { drainOnSignals, print, say } from '../terminal.ts'

export async function simulate(args: Arguments<'simulator'>): Promise<number> {
  const [accessKey, secretKey] = [
    readKey('RAPYD_ACCESS_KEY', process.env),
    readKey('RAPYD_SECRET_KEY', process.env),
  ]
  const given = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey }
  const { rate, latency = 0, customers, ...flags } = args
  const simulator = await createSimulator({
    ...flags,
    latencyMs: latency,
    keepCalls: 0,
    customers: customers === undefined ? 'any' : readCustomers(customers),
    ...given,
    ...(rate === undefined ? {} : { windows: enforcedWindows(rate) }),
    ...(process.stderr.isTTY ? { onCall: logCall } : {}),
  })
  const isHalf = given === undefined && (accessKey ?? secretKey) !== undefined
  if (isHalf) say('Only one of the two keys is set, so the simulator takes neither.')
  const keys = `export RAPYD_ACCESS_KEY=${simulator.accessKey} RAPYD_SECRET_KEY=${simulator.secretKey}\n`
  using stopping = drainOnSignals()
  const { signal } = stopping
  print(`${given === undefined ? keys : ''}export RAPYD_BASE_URL=${simulator.url}\n`)
  const use = given === undefined ? 'These keys open nothing else.' : 'It takes the keys of the environment.'
  say(`The simulator is ready. ${use} Stop it with Ctrl-C.`)
  if (!signal.aborted) await once(signal, 'abort')
  const { failed, due } = simulator.webhooks
  if (failed + due > 0) say(`Webhooks that were not delivered: ${failed + due}.`)
  await simulator.close()
  return exitCodes.OK
}

/** One line for each request, on a terminal only. */
function logCall({ at, method, path, status, errorCode, fault }: SimulatedCall): void {
  const time = new Date(at).toTimeString().slice(0, 8)
  const line = [time, method, path, status === 0 ? 'no answer' : String(status), errorCode, fault]
  say(line.filter((word) => word !== '').join(' '))
}

/** A JSON array of customers, or one JSON object per line. Throws USAGE for the first that is none. */
function readCustomers(path: string): readonly SimulatedCustomer[] {
  const problem = (what: string) => errorOf('E_SIMULATOR_FILE', 'customers_file', { path, what })
  let text = ''
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw problem(`cannot be read (${systemCode(error)})`)
  }
  const whole = parseJson(text)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const entries: readonly unknown[] = Array.isArray(whole) ? whole : lines.map(parseJson)
  if (entries.length === 0) throw problem('holds no customer')
  const customers = new Map<string, SimulatedCustomer>()
  for (const [index, entry] of entries.entries()) {
    if (!isCustomer(entry)) throw problem(`holds no customer with an id in entry ${index + 1}`)
    if (customers.has(entry.id)) throw problem(`holds ${entry.id} twice, again in entry ${index + 1}`)
    customers.set(entry.id, entry)
  }
  return [...customers.values()]
}

function isCustomer(entry: unknown): entry is SimulatedCustomer {
  return isJsonObject(entry) && typeof entry['id'] === 'string' && entry['id'].startsWith('cus_')
}
