/** `npm run demo`: sends the sample export to the embedded simulator. Its invalid rows are no failure of the demo. */
import { exitCodes } from '../model/errors.ts'
import { main } from './main.ts'

const rate = '40/1s'
const code = await main([
  'update',
  'samples/crm-export.csv',
  '--env',
  'simulator',
  '--rate',
  rate,
  '--new-run',
])
process.exitCode = code === exitCodes.ROWS ? exitCodes.OK : code
