/** `npm run demo`: the sample export against the embedded simulator. Its few wrong rows are part of the show and no failure. */
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
