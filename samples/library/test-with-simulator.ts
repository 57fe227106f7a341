/** The simulator in tests of your own: it keeps customers, counts calls, and lets things go wrong on purpose. */
import { strictEqual } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bulkUpdate, createSimulator } from 'rapyd-bulk'

const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
const simulator = await createSimulator({ faults: 'reset-after/post:x1' })
try {
  const customer = 'cus_11111111111111111111111111111111'
  const { summary } = await bulkUpdate({
    input: [{ customer, name: 'Ada Example' }],
    baseUrl: simulator.url,
    accessKey: simulator.accessKey,
    secretKey: simulator.secretKey,
    store: join(folder, 'store.db'),
    runsDir: folder,
  })
  strictEqual(summary.outcomes.updated, 1)
  strictEqual(simulator.customer(customer)?.['name'], 'Ada Example')
  // The first answer was lost on its way, and still nothing was applied twice.
  strictEqual(simulator.updatesOf(customer), 1)
  process.stdout.write('as expected\n')
} finally {
  await simulator.close()
  rmSync(folder, { recursive: true })
}
