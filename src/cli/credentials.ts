/** Keys are never taken from an argument. */
import { usage } from '../errors.ts'

const looksLikeKey = /^(?:[0-9A-F]{20}|[0-9a-f]{64,}|r?[as]k_\S{12,}|sk_\S{12,}|rsk_\S+)$/
const keyOption = /^--?(?:access|secret|api)[-_]?key\b/i

/** Arguments end up in shell histories and process lists, so one that looks like a key stops everything. Its text is not echoed. */
export function refuseKeys(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const keys = new Set([env['RAPYD_ACCESS_KEY'] ?? '', env['RAPYD_SECRET_KEY'] ?? ''])
  keys.delete('')
  for (const argument of argv) {
    const value = argument.includes('=') ? argument.slice(argument.indexOf('=') + 1) : argument
    if (keyOption.test(argument) || looksLikeKey.test(value) || keys.has(value)) {
      throw usage(
        'E_KEY_ARGUMENT',
        'keys are not accepted as arguments',
        'Set RAPYD_ACCESS_KEY and RAPYD_SECRET_KEY, or their _FILE forms, in the environment. A key that was typed here should be replaced.',
      )
    }
  }
}
