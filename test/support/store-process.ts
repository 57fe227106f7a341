/**
 * A process of its own that has a run: `node store-process.ts <store> <run> <command>…`. Each command is done in turn, and then
 * printed; `wait` goes on when a line comes over standard input. Without `close` at the end the process stays until it is killed.
 */
import { once } from 'node:events'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { manifestOf, openOptions, rowOutcome, rowRequest } from './stored-run.ts'

const [path = '', id = '', ...commands] = process.argv.slice(2)
const store = await openSqliteStore(path)
const run = await store.openRun(manifestOf(id), openOptions)

const actions: Readonly<Record<string, (row: number) => Promise<unknown> | undefined>> = {
  intend: (row) => run.recordIntent(rowRequest(row), 90_000),
  settle: (row) => run.recordOutcome(rowOutcome(row), { confirmed: { name: `digest ${row}` } }),
  note: (row) => run.setNote('note', String(row)),
  wait: () => once(process.stdin, 'data'),
  async close() {
    await run.finish()
    await run.close()
    await store.close()
    process.stdin.destroy()
  },
}

for (const command of commands) {
  const [name = '', rows = '0'] = command.split('=')
  const [first = 0, last = first] = rows.split('-').map(Number)
  for (let row = first; row <= last; row++) await actions[name]?.(row)
  process.stdout.write(`${command}\n`)
}
if (commands.at(-1) !== 'close') setInterval(() => {}, 60_000)
