/** One damage to one file, as a seed decides. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { Dice } from './dice.ts'

export interface Damage {
  readonly text: string
  /** What a message about it may call the file. */
  readonly names: readonly string[]
}

export interface DamageParts {
  readonly dice: Dice
  /** Folders and files that are damaged. */
  readonly roots: readonly string[]
  /** What paths are shown from. */
  readonly folder: string
  /** An older copy of all. */
  readonly old: string
}

/** The database and its log decide most, so they are damaged more often. */
const weights: readonly (readonly [RegExp, number])[] = [
  [/store\.db$/, 8],
  [/store\.db-wal$/, 5],
  [/store\.db-mark$/, 2],
  [/readings\.db/, 3],
  [/plan\.ndjson$|rollback\.ndjson$/, 3],
]

export function damageOne({ dice, roots, folder, old }: DamageParts): Damage {
  const files = roots.flatMap(filesBelow)
  const weighted = files.flatMap((file) =>
    Array.from({ length: weights.find(([name]) => name.test(file))?.[1] ?? 1 }, () => file),
  )
  const file = weighted[dice.roll(0, weighted.length - 1)] ?? ''
  const before = join(old, relative(folder, file))
  const kinds = Object.entries(damages)
  // Most bytes of a small file can be flipped only once, so flips come more often than the rest.
  const at = dice.roll(-3, kinds.length - 1)
  const [kind = '', damage = flip] = kinds[Math.max(0, at)] ?? []
  const other = files[dice.roll(0, files.length - 1)] ?? file
  const detail = damage({ file, other, dice, before, files, folder, old })
  const damaged = kind === 'swapped' ? [file, other] : [file]
  return {
    text: `${kind}${detail === '' ? '' : ` (${detail})`}: ${relative(folder, file)}`,
    names: damaged.map(namedAs),
  }
}

/** SQLite speaks of the database for its log and its shared memory. */
function namedAs(file: string): string {
  return basename(file).replace(/-(?:wal|shm)$/, '')
}

function filesBelow(path: string): readonly string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => filesBelow(join(path, name)))
}

interface Target {
  readonly file: string
  /** To swap it with. */
  readonly other: string
  readonly dice: Dice
  /** The same file in the older copy, which may not have it. */
  readonly before: string
  readonly files: readonly string[]
  readonly folder: string
  readonly old: string
}

type Kind = (target: Target) => string

function flip({ file, dice }: Target): string {
  const bytes = readFileSync(file)
  if (bytes.length === 0) return 'empty'
  const used = [...bytes.keys()].filter((at) => bytes[at] !== 0)
  const flips = dice.chance(0.5) ? 1 : dice.roll(2, 20)
  for (let number = 0; number < flips; number++) {
    const near = dice.chance(0.4) ? bytes.indexOf('cus_', dice.roll(0, bytes.length)) : -1
    const at =
      near >= 0
        ? Math.min(bytes.length - 1, Math.max(0, near + dice.roll(-120, 60)))
        : dice.chance(0.6)
          ? used[dice.roll(0, used.length - 1)]
          : dice.roll(0, bytes.length - 1)
    if (at !== undefined) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.roll(0, 7))
  }
  writeFileSync(file, bytes)
  return `${flips} bits`
}

const pageBytes = 4_096

const damages: Readonly<Record<string, Kind>> = {
  flip,
  truncate({ file, dice }) {
    const length = dice.roll(0, Math.max(0, statSync(file).size - 1))
    truncateSync(file, length)
    return `${length} bytes`
  },
  'zeroed page'({ file, dice }) {
    const bytes = readFileSync(file)
    const page = dice.roll(0, Math.max(0, Math.ceil(bytes.length / pageBytes) - 1))
    bytes.fill(0, page * pageBytes, Math.min(bytes.length, (page + 1) * pageBytes))
    writeFileSync(file, bytes)
    return `page ${page}`
  },
  'page of another place'({ file, dice }) {
    const bytes = readFileSync(file)
    const pages = Math.floor(bytes.length / pageBytes)
    const [from, to] = [dice.roll(0, Math.max(0, pages - 1)), dice.roll(0, Math.max(0, pages - 1))]
    bytes.copy(bytes, to * pageBytes, from * pageBytes, (from + 1) * pageBytes)
    writeFileSync(file, bytes)
    return `${from} to ${to}`
  },
  deleted({ file }) {
    rmSync(file)
    return ''
  },
  'old copy'({ file, before, files, folder, old, dice }) {
    // Often the database comes with its log, as a backup has it, or with its mark as well.
    const isStore = file.endsWith('store.db') && dice.chance(0.8)
    const isMarked = isStore && dice.chance(0.6)
    const store = isMarked ? /store\.db(?:-wal|-shm|-mark)?$/ : /store\.db(?:-wal|-shm)?$/
    for (const each of isStore ? files.filter((name) => store.test(name)) : [file]) {
      const source = isStore ? join(old, relative(folder, each)) : before
      if (existsSync(source)) writeFileSync(each, readFileSync(source))
      else rmSync(each)
    }
    return isMarked ? 'with its log and mark' : isStore ? 'with its log' : ''
  },
  garbage({ file, dice }) {
    const length = Math.max(100, statSync(file).size)
    writeFileSync(file, Buffer.from(Array.from({ length }, () => dice.roll(0, 255))))
    return ''
  },
  emptied({ file }) {
    truncateSync(file, 0)
    return ''
  },
  swapped({ file, other }) {
    const [one, two] = [readFileSync(file), readFileSync(other)]
    writeFileSync(file, two)
    writeFileSync(other, one)
    return `with ${basename(other)}`
  },
}
