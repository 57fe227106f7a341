/** Bytes of good files, changed at random: whatever comes out is judged, and nothing crashes or hangs. RAPYD_BULK_MUTANTS sets how many. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BulkUpdateError, validate } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'
import { createDice, type Dice } from './support/nights.ts'

const mutants = Number(process.env['RAPYD_BULK_MUTANTS'] ?? 40)
const samples = join(import.meta.dirname, '..', '..', 'samples')
const sample = (name: string): Buffer => readFileSync(join(samples, name))

const files: Readonly<Record<string, Buffer>> = {
  'crm.csv': sample('crm-export.csv'),
  'crm.ndjson': sample('crm-export.ndjson'),
  'mapped.csv': sample('mapped-export.csv'),
  'first.csv': sample('first.csv'),
  'utf16.csv': Buffer.from(`\ufeff${sample('first.csv').toString()}`, 'utf16le'),
  'packed.csv': gzipSync(sample('first.csv')),
}

/** What breaks readers: quotes, line ends, delimiters, ends of strings, half characters, byte order marks. */
const evil = ['"', '\n', '\r', ',', ';', '\0', '{', '}', '\\', '\ufeff', '\u2028'].map((text) =>
  Buffer.from(text),
)
const bytes = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xfe, 0xff], [0x1f, 0x8b], [0x80]].map((codes) =>
  Buffer.from(codes),
)

function mutated(original: Buffer, dice: Dice): Buffer {
  let changed = original
  for (let times = 1 + dice.upTo(4); times > 0; times--) {
    const [at, end] = [dice.upTo(changed.length), dice.upTo(changed.length + 1)]
    const [from, to] = [Math.min(at, end), Math.max(at, end)]
    const put = dice.pick([...evil, ...bytes, changed.subarray(from, Math.min(to, from + 200))])
    const rest = dice.pick([at, at, at + 1, Math.min(at + 1 + dice.upTo(50), changed.length), to])
    changed = Buffer.concat([changed.subarray(0, Math.min(at, rest)), put, changed.subarray(rest)])
  }
  return changed
}

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

describe('a file whose bytes were changed', () => {
  it.each(Object.keys(files))('%s is judged', async (name) => {
    const original = files[name] ?? Buffer.alloc(0)
    const path = join(folder.path, name)
    for (let seed = 1; seed <= mutants; seed++) {
      writeFileSync(path, mutated(original, createDice(seed)))
      const map = name === 'mapped.csv' ? { map: join(samples, 'mapping.yaml') } : {}
      try {
        const { rows, calls, unchanged, invalid } = await validate({ input: path, ...map })
        expect(calls + unchanged + invalid, `seed ${seed}`).toBe(rows)
      } catch (error) {
        // Anything but a refusal is a bug.
        if (!(error instanceof BulkUpdateError)) throw new Error(`seed ${seed}`, { cause: error })
        expect(error.kind, `seed ${seed}`).toBe('INPUT')
      }
    }
  })
})
