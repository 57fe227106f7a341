/** `npm run demo`: sends the sample export to the embedded simulator. Its invalid rows are no failure of the demo. */
import { exitCodes } from '../model/errors.ts'

process.argv.push('update', 'samples/crm-export.csv', '--env', 'simulator', '--rate', '40/1s', '--new-run')
await import('./bin.mjs')
if (process.exitCode === exitCodes.ROWS) process.exitCode = exitCodes.OK
