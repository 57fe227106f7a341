/**
 * Checks the signatures that the registry gives for the installed packages. Exit code 0: none is wrong or missing; 1: at least one is;
 * 2: not checked, because the registry has no signatures, or it or the list of its keys cannot be reached.
 */
import { spawnSync } from 'node:child_process'

const npm = process.env['npm_execpath'] ?? 'npm'
const [command, ...first] = /\.[cm]?js$/.test(npm) ? [process.execPath, npm] : [npm]
const limits = ['--fetch-retries=1', '--fetch-timeout=20000']
const { stdout } = spawnSync(command, [...first, 'audit', 'signatures', '--json', ...limits], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: 300_000,
})

const { code, text } = judge(stdout)
process.stdout.write(`${text}\n`)
process.exitCode = code

function judge(answer: string): { readonly code: number; readonly text: string } {
  const { invalid, missing, error } = parse(answer)
  if (!Array.isArray(invalid) || !Array.isArray(missing))
    return { code: 2, text: `Signatures were not checked: ${error?.summary ?? 'npm gave no answer'}` }
  const lines = [
    ...invalid.map(({ name, version }) => `Invalid signature: ${name}@${version}`),
    ...missing.map(({ name, version }) => `No signature: ${name}@${version}`),
  ]
  return lines.length > 0
    ? { code: 1, text: lines.join('\n') }
    : { code: 0, text: 'The registry has a valid signature for each installed package.' }
}

function parse(answer: string) {
  try {
    return JSON.parse(answer)
  } catch {
    return {}
  }
}
