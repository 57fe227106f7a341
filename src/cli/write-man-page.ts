/** A step of `npm run build`: the manual page goes beside what is compiled. */
import { writeFileSync } from 'node:fs'
import { version } from '../version.ts'
import { manPage } from './man-page.ts'

writeFileSync(new URL('../../dist/rapyd-bulk.1', import.meta.url), manPage(version))
