/** A file, with progress, and errors that say what to do. The same call goes on after a stop. */
import { BulkUpdateError, bulkUpdate } from 'rapyd-bulk'

const [input = 'first.csv'] = process.argv.slice(2)
try {
  const { summary, exitCode, stopped } = await bulkUpdate({
    input,
    env: 'simulator', // 'sandbox' and 'production' take their keys from RAPYD_ACCESS_KEY and RAPYD_SECRET_KEY
    async confirm({ host, scan }) {
      process.stdout.write(`${scan.calls} calls to ${host}\n`)
      if (scan.invalid > 100) throw new Error('too many invalid rows: have a look first')
    },
    onSnapshot({ phase, done, rows }) {
      process.stdout.write(`${phase}: ${done} of ${rows}\n`)
    },
  })
  process.stdout.write(`${stopped?.message ?? 'finished'}. ${summary.next}\n`)
  process.exitCode = exitCode
} catch (error) {
  if (!(error instanceof BulkUpdateError)) throw error
  process.stdout.write(`${error.code}: ${error.message}. ${error.remedy}\n`)
  process.exitCode = error.exitCode
}
