/** The version of this program, as its package says. */
import { readFileSync } from 'node:fs'

const found: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

export const version =
  typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : 'unknown'
