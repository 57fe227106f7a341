/** Rows of a database: no file is needed, and every outcome is written back as soon as it is certain. */
import { bulkUpdate } from 'rapyd-bulk'

/** Stands for a cursor of a database. An absent key leaves its field alone; '' and null clear it. */
async function* customersToUpdate() {
  yield { customer: 'cus_11111111111111111111111111111111', name: 'Ada Example', 'metadata.tier': 'gold' }
  yield { customer: 'cus_22222222222222222222222222222222', description: null }
  yield { customer: 'cus_33333333333333333333333333333333', email: 'no address' }
}

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort('SIGTERM'))

const { summary, directory } = await bulkUpdate({
  input: customersToUpdate(),
  env: 'simulator',
  signal: stop.signal,
  maxErrors: '50%',
  async onOutcome({ row, customerId, outcome, errorCode }) {
    // Waited for: this is the place for an UPDATE of the own database.
    process.stdout.write(`${row} ${customerId} ${outcome} ${errorCode}\n`)
  },
})
process.stdout.write(`${summary.outcomes.updated} updated; the report is ${directory}/report.html\n`)
