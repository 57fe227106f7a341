import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openOutputFile, removeOutputFile } from '../../../src/report/output-file.ts'

let directory = ''
let target = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'output-file-'))
  target = join(directory, 'results.csv')
})
afterEach(() => rmSync(directory, { recursive: true }))

const refused = expect.objectContaining({ kind: 'LOCAL', code: 'E_REPORT_WRITE' })

describe('openOutputFile', () => {
  test('replaces the whole file and leaves no temporary file', () => {
    writeFileSync(target, 'old')
    const file = openOutputFile(target)
    const piece = 'ü'.repeat(50_000)
    file.write(piece)
    file.write(Buffer.from('end'))
    expect(readFileSync(target, 'utf8')).toBe('old')
    file.commit()
    expect(readFileSync(target, 'utf8')).toBe(`${piece}end`)
    expect(readdirSync(directory)).toEqual(['results.csv'])
  })

  test('leaves the old file alone and removes its own when it is discarded', () => {
    writeFileSync(target, 'old')
    const file = openOutputFile(target)
    file.write('x'.repeat(100_000))
    file.discard()
    file.discard()
    expect(readdirSync(directory)).toEqual(['results.csv'])
    expect(readFileSync(target, 'utf8')).toBe('old')
    expect(() => file.commit()).toThrow('closed')
  })

  test.each([0o000, 0o022, 0o777])('makes the file 0600 under umask %o', (mask) => {
    const before = process.umask(mask)
    try {
      const file = openOutputFile(target)
      file.write('x')
      file.commit()
    } finally {
      process.umask(before)
    }
    expect(statSync(target).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['a symbolic link', (other: string) => symlinkSync(other, target)],
    ['a symbolic link to nothing', (other: string) => symlinkSync(`${other}-not-there`, target)],
    ['a hard link', (other: string) => linkSync(other, target)],
    ['a directory', () => mkdirSync(target)],
    ['a pipe', () => execFileSync('mkfifo', [target])],
  ])('refuses %s as its target and writes nothing', (_what, make) => {
    const other = join(directory, 'other')
    writeFileSync(other, 'precious')
    make(other)
    const names = readdirSync(directory)
    expect(() => openOutputFile(target)).toThrow(refused)
    expect(() => removeOutputFile(target)).toThrow(refused)
    expect(readdirSync(directory)).toEqual(names)
    expect(readFileSync(other, 'utf8')).toBe('precious')
  })

  test('refuses a target that became a link while it was writing, and removes its own file', () => {
    const other = join(directory, 'other')
    writeFileSync(other, 'precious')
    const file = openOutputFile(target)
    file.write('x')
    symlinkSync(other, target)
    expect(() => file.commit()).toThrow(refused)
    expect(readdirSync(directory).sort()).toEqual(['other', 'results.csv'])
    expect(readFileSync(other, 'utf8')).toBe('precious')
  })

  test('names the cause and how to write the report again if the system refuses', () => {
    const missing = join(directory, 'not-there', 'results.csv')
    expect(() => openOutputFile(missing)).toThrow(refused)
    expect(() => openOutputFile(missing)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('rapyd-bulk report') }),
    )
  })

  test('clears away what a killed process left, but not what a living one is writing', () => {
    const living = openOutputFile(target)
    const uuid = '0f3a9c01-d4e5-4f6a-8b7c-9d0e1f2a3b4c'
    // Version 0.1 named them by its process, which in a container is always the first one, and this one is alive.
    for (const end of [`${uuid}.tmp`, '1-1.tmp', `${process.pid}-1.tmp`])
      writeFileSync(join(directory, `.results.csv.${end}`), 'half')
    writeFileSync(join(directory, `.summary.json.${uuid}.tmp`), 'of another file')
    writeFileSync(join(directory, '.results.csv.mine.tmp'), 'of the user')
    const file = openOutputFile(target)
    file.write('second')
    file.commit()
    living.write('first')
    living.commit()
    expect(readFileSync(target, 'utf8')).toBe('first')
    expect(readdirSync(directory).sort()).toEqual([
      '.results.csv.mine.tmp',
      `.summary.json.${uuid}.tmp`,
      'results.csv',
    ])
  })
})

test('a file that another process is writing is left to it until that process is killed', async () => {
  const module = new URL('../../../src/report/output-file.ts', import.meta.url).href
  const script = `import { openOutputFile } from ${JSON.stringify(module)}
    openOutputFile(process.argv[1]).write('x'.repeat(100_000))
    process.stdout.write('open')
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, target])
  const ended = once(child, 'close')
  try {
    await once(child.stdout, 'data')
    openOutputFile(target).discard()
    expect(readdirSync(directory)).toHaveLength(1)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  openOutputFile(target).discard()
  expect(readdirSync(directory)).toEqual([])
})

test('removeOutputFile removes a file, and is content when there is none', () => {
  writeFileSync(target, 'old')
  removeOutputFile(target)
  removeOutputFile(target)
  expect(readdirSync(directory)).toEqual([])
})
