/** The rules that keep the shape: who may import whom, no cycles, and files of one idea. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', 'src')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.m?ts$|\.mjs$/.test(name),
)

const levels: Readonly<Record<string, number>> = {
  model: 0,
  config: 1,
  rapyd: 1,
  input: 2,
  mapping: 2,
  http: 2,
  store: 2,
  report: 2,
  simulator: 2,
  validation: 3,
  engine: 4,
  jobs: 5,
  cli: 6,
  'index.ts': 6,
}

/** A folder of src, or the file that the library is. */
const partOf = (file: string) => file.split('/')[0] ?? ''
const levelOf = (file: string) => levels[partOf(file)] ?? -1

/** What a file of a folder imports by a relative path, as seen from that folder. */
function importsIn(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+\.m?ts)'/g)].map(([, path = '']) =>
    relative(folder, join(folder, dirname(file), path)),
  )
}

const importsOf = (file: string): string[] => importsIn(root, file)

/** What stands in commands without quotes: ids of runs, numbers, words from lists of our own, and the file in a comment. */
const ownWords = new Set(
  'command encoding env found growthPercent kept keys other parent.runId policy preset printable(source) run runId summary.run_id version'.split(
    ' ',
  ),
)

describe('the source', () => {
  it('has files to check', () => expect(files.length).toBeGreaterThan(40))

  it('has no folder without a level', () => {
    expect(new Set(files.map(partOf))).toEqual(new Set(Object.keys(levels)))
  })

  it.each(files)('%s imports only from its own folder or from a lower level', (file) => {
    const wrong = importsOf(file).filter(
      (other) => partOf(other) !== partOf(file) && levelOf(other) >= levelOf(file),
    )
    expect(wrong).toEqual([])
  })

  it('has no chain of imports of more than 14 files', () => {
    const chains = new Map<string, readonly string[]>()
    const chainOf = (file: string, above: readonly string[] = []): readonly string[] => {
      const known = chains.get(file)
      if (known !== undefined) return known
      const next = importsOf(file).filter((other) => !above.includes(other))
      const below = next.map((other) => chainOf(other, [...above, file]))
      const longest = below.reduce((one, other) => (other.length > one.length ? other : one), [])
      chains.set(file, [file, ...longest])
      return [file, ...longest]
    }
    const long = files.filter((file) => file.endsWith('.ts') && chainOf(file).length > 14)
    expect(long.map((file) => chainOf(file))).toEqual([])
  })

  it('writes to standard output and standard error in one place, which makes texts of others harmless', () => {
    const writers = files.filter((file) =>
      /process\.std(?:out|err)\.write/.test(readFileSync(join(root, file), 'utf8')),
    )
    // The first file must run on an old Node.
    expect(writers.toSorted()).toEqual(['cli/bin.mjs', 'cli/terminal.ts'])
  })

  it('quotes what it puts into commands that users copy, except ids and words of its own', () => {
    const texts = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    )
    const found = [...files, ...texts].flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      // An argument right after a command or an option.
      const words = text.matchAll(/(?:rapyd-bulk(?: [\w-]+)*|--[a-z][\w-]*)[ =]\$?\{([^}]+)\}/g)
      return [...words].map(([, expression = '']) => expression)
    })
    // In tables of texts, what is quoted is called so.
    const unquoted = found.filter((expression) => !/^(?:shellWord\(|words?$)/.test(expression))
    expect(found.length).toBeGreaterThan(unquoted.length + 5)
    expect(new Set(unquoted)).toEqual(ownWords)
  })

  it('has no cycles', () => {
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `cycle: ${[...path, file].join(' → ')}`).not.toContain(file)
      if (done.has(file)) return
      for (const other of importsOf(file)) visit(other, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
  })

  it('declares no type name twice', () => {
    const names = files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/^(?:export )?(?:interface|type) (\w+)/gm)].map(
        ([, name = '']) => name,
      ),
    )
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it.each(files)('%s has at most 400 lines', (file) => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length - 1
    expect(lines).toBeLessThanOrEqual(400)
  })
})

describe('the acceptance tests', () => {
  const folder = join(import.meta.dirname, 'acceptance')
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )

  it('use of src only what a program can use, and of the other tests nothing', () => {
    const wrong = tests.flatMap((file) =>
      importsIn(folder, file)
        .filter((path) => path.startsWith('..') && path !== join('..', '..', 'src', 'index.ts'))
        .map((path) => `${file} imports ${path}`),
    )
    expect(tests.length).toBeGreaterThan(20)
    expect(wrong).toEqual([])
  })
})
