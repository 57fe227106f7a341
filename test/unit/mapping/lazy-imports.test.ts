/** What a command does not need is not loaded for it: neither time at the start nor memory. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..', '..', 'src')
const heavy = ['yaml', 'zod', 'libphonenumber-js', 'undici', 'pino', 'log-update', 'yargs', 'iso-3166']
const ofMappings = new Set(heavy.slice(0, 3))

/** Packages that are loaded with a file: imports of types and `import()` are none. */
function loadedWith(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm)) {
    if (name.startsWith('.')) loadedWith(join(dirname(file), name), seen)
    else seen.add(name)
  }
  return seen
}

const packagesOf = (file: string): readonly string[] =>
  heavy.filter((name) =>
    [...loadedWith(join(root, file), new Set())].some((path) => path.split('/')[0] === name),
  )

it.each([
  'index.ts',
  'jobs/validate.ts',
  'cli/main.ts',
  'cli/commands/update.ts',
  'cli/commands/validate.ts',
  'mapping/mapping-compiler.ts',
])('%s loads yaml, zod and libphonenumber-js only when a mapping asks for them', (file) =>
  expect(packagesOf(file).filter((name) => ofMappings.has(name))).toEqual([]),
)

it('does see them where they are loaded', () => {
  expect(packagesOf('http/transport.ts')).toEqual(['undici'])
  expect(packagesOf('mapping/mapping-document.ts')).toEqual(['yaml'])
  expect(packagesOf('mapping/mapping-schema.ts')).toEqual(['zod'])
})

it('--help and --version load yargs alone, and nothing of the work', () => {
  const loaded = ['cli/main.ts', 'cli/command-line.ts'].flatMap((file) =>
    Array.from(loadedWith(join(root, file), new Set())),
  )
  expect(loaded.filter((path) => !path.startsWith('/') && !path.startsWith('node:'))).toEqual(['yargs'])
  expect(new Set(loaded.filter((path) => path.endsWith('.ts'))).size).toBeLessThan(15)
})

it('validate loads nothing of the report of a run', () => {
  const loaded = [...loadedWith(join(root, 'cli/commands/validate.ts'), new Set())]
  expect(loaded.filter((path) => path.startsWith(join(root, 'report', 'html')))).toEqual([])
})

it.each([
  ['cli/command-line.ts', ['yargs']],
  ['cli/commands/update.ts', ['undici', 'pino']],
  ['cli/commands/validate.ts', []],
  ['cli/commands/init.ts', ['iso-3166']],
  ['cli/commands/runs.ts', []],
  ['cli/completion.ts', []],
])('%s loads %j of the packages that take time to load', (file, packages) =>
  expect(packagesOf(file)).toEqual(packages),
)
