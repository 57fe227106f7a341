/** Programs that use no mapping must not pay for it: neither at the start nor in memory. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..', 'src')
const heavy = ['yaml', 'zod', 'libphonenumber-js']

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
  'validate.ts',
  'cli/main.ts',
  'cli/commands/update.ts',
  'cli/commands/validate.ts',
  'mapping/compile-mapping.ts',
])('%s loads yaml, zod and libphonenumber-js only when a mapping asks for them', (file) =>
  expect(packagesOf(file)).toEqual([]),
)

it('does see them where they are loaded', () => {
  expect(packagesOf('mapping/mapping-document.ts')).toEqual(['yaml'])
  expect(packagesOf('mapping/check-mapping.ts')).toEqual(['zod'])
})
