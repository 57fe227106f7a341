import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const count = 40
const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const names = Array.from({ length: count }, (_, number) => `Zoë "${number}" Müller; née ß`)
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const csv = (delimiter: string): string =>
  [
    ['customer', 'name', 'email'].join(delimiter),
    ...names.map((name, number) => [id(number), quoted(name), ''].join(delimiter)),
    ['nobody', 'Jo é', ''].join(delimiter),
    '',
  ].join('\r\n')
const ndjson = [
  ...names.map((name, number) => JSON.stringify({ customer: id(number), name, email: '' })),
  JSON.stringify({ customer: 'nobody', name: 'Jo é', email: '' }),
  '',
].join('\n')

const inputs: readonly (readonly [name: string, bytes: Buffer, args: readonly string[]])[] = [
  ['utf-16.csv', Buffer.from(`\ufeff${csv(';')}`, 'utf16le'), []],
  ['crm.csv.gz', gzipSync(csv(',')), []],
  ['crm.ndjson.zst', zstdCompressSync(ndjson), []],
  ['crm.tsv.zst', zstdCompressSync(Buffer.from(csv('\t'), 'utf16le').swap16()), []],
]
const ansi = ['ansi.txt', Buffer.from(csv('|'), 'latin1'), ['--encoding', 'windows-1252']] as const

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
  folder.write('plain.csv', csv(','))
  folder.write('plain.ndjson', ndjson)
})
afterEach(() => folder.remove())
const write = (name: string, bytes: Buffer) => writeFileSync(join(folder.path, name), bytes)

describe('validate', () => {
  it.each(inputs)(
    'finds in %s what it finds in the plain file, also over standard input',
    async (name, bytes, args) => {
      write(name, bytes)
      const plain = await folder.run([
        'validate',
        name.includes('ndjson') ? 'plain.ndjson' : 'plain.csv',
        '--json',
      ])
      expect(plain.code).toBe(3)
      expect(await folder.run(['validate', name, '--json', ...args])).toEqual(plain)
      expect(await folder.run(['validate', '-', '--json', ...args], {}, bytes)).toEqual(plain)
    },
  )

  it.each<[string, Buffer, readonly string[], string, string]>([
    [
      'a workbook',
      Buffer.from('PK\u0003\u0004x', 'latin1'),
      [],
      'E_BINARY',
      'Export the sheet as "CSV UTF-8"',
    ],
    ['a cut file', gzipSync(csv(',')).subarray(0, 200), [], 'E_COMPRESSED', 'gzip -t FILE'],
    [
      'what can be cut in two ways',
      Buffer.from('customer,a;b\n1,2;3\n'),
      [],
      'E_DELIMITER',
      '--delimiter ";"',
    ],
    ['Windows-1252', ansi[1], [], 'E_ENCODING', '--encoding windows-1252'],
  ])('refuses %s and says what to do', async (_what, bytes, args, code, remedy) => {
    write('export', bytes)
    const found = await folder.run(['validate', 'export', ...args])
    expect(found).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(code) })
    expect(found.stderr).toContain(remedy)
    expect(found.stderr).not.toMatch(/Müller|at .*\.ts/)
  })

  it.each([
    [
      ['--encoding', 'latin1'],
      'E_OPTION_CHOICE',
      'Invalid --encoding "latin1": use utf-8, utf-16le, utf-16be, windows-1252, windows-1250, ',
    ],
    [['--encoding', 'utf8'], 'E_OPTION_CHOICE', 'Did you mean "utf-8"?'],
    [['--delimiter', ';;'], 'E_OPTION_DELIMITER', 'Invalid --delimiter ";;": use one character'],
    [['--format', 'xlsx'], 'E_OPTION_CHOICE', 'Invalid --format "xlsx": use csv, tsv or ndjson'],
  ])('refuses %j', async (args, code, message) => {
    const found = await folder.run(['validate', 'plain.csv', ...args])
    expect(found).toMatchObject({ code: 2, stderr: expect.stringContaining(code) })
    expect(found.stderr).toContain(message)
  })
})

describe('update', () => {
  let server: RapydServer
  const command = (name: string, ...args: readonly string[]) =>
    folder.run(['update', name, '--max-clears', '100%', '--base-url', server.url, ...args], server.keys)
  const expectAll = () => {
    expect(server.updates.map((call) => call.id).sort()).toEqual(
      Array.from({ length: count }, (_, n) => id(n)),
    )
    for (const [number, name] of names.entries())
      expect(server.customer(id(number))).toEqual({ name, email: '' })
  }
  beforeEach(async () => {
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
  })

  it.each([...inputs, ansi])(
    'sends %s as it is meant, and goes on after a canary and an interruption',
    async (name, bytes, args) => {
      write(name, bytes)
      const canary = await command(name, ...args, '--limit', '5')
      expect(canary.stderr).toContain('goes on')
      expect(server.updates).toHaveLength(5)
      const stopped = folder.start(
        ['update', name, ...args, '--max-clears', '100%', '--base-url', server.url, '--concurrency', '1'],
        server.keys,
      )
      server.answer = () => {
        if (server.updates.length === 12) stopped.kill('SIGINT')
        return undefined
      }
      expect((await stopped.finished).code).toBe(130)
      expect(server.updates.length).toBeLessThan(count)
      expect((await command(name, ...args)).code).toBe(1)
      expectAll()
      expect(readdirSync(join(folder.path, 'rapyd-runs'))).toHaveLength(1)
      const errors = folder.report(name.includes('ndjson') ? 'errors.ndjson' : 'errors.csv')
      expect(errors).toMatch(/nobody.*Jo é.*E_ID/)
      expect(JSON.parse(folder.report('summary.json'))).toMatchObject({
        input: { bytes: bytes.length, rows: count + 1 },
      })
      expect((await command(name, ...args)).stderr).toContain('finished before')
      expect(server.updates).toHaveLength(count)
    },
  )

  it('makes the report of a Windows-1252 run again, and redoes it, without being told the encoding', async () => {
    const [name, bytes, args] = ansi
    write(name, bytes)
    server.answer = ({ id: customer }) =>
      customer === id(3)
        ? { status: 400, body: '{"status":{"error_code":"ERROR_X","status":"ERROR","message":"x"}}' }
        : undefined
    expect((await command(name, ...args)).code).toBe(1)
    const [run = ''] = readdirSync(join(folder.path, 'rapyd-runs'))
    const errors = join(folder.path, 'rapyd-runs', run, 'errors.csv')
    const before = readFileSync(errors, 'utf8')
    expect(before).toContain(`${id(3)}|${quoted(names[3] ?? '')}||4|rejected`)
    writeFileSync(errors, '')
    expect((await folder.run(['report', run])).code).toBe(0)
    expect(readFileSync(errors, 'utf8')).toBe(before)
    server.answer = () => undefined
    expect((await folder.run(['redo', run], server.keys)).code).toBe(0)
    expect(server.customer(id(3))).toEqual({ name: names[3], email: '' })
    writeFileSync(join(folder.path, 'mended.csv'), Buffer.from(before.replace('nobody', id(41)), 'latin1'))
    const unknown = await folder.run(['redo', run, '--from', 'mended.csv'], server.keys)
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('--encoding windows-1252') })
    await folder.run(['redo', run, '--from', 'mended.csv', '--encoding', 'windows-1252'], server.keys)
    expect(server.customer(id(41))).toEqual({ name: 'Jo é', email: '' })
  })

  it('never mixes two encodings in one run', async () => {
    write('crm.csv', Buffer.from(`customer,name\n${id(1)},Jo\n${id(2)},Jo\n`))
    await command('crm.csv', '--limit', '1')
    const other = await command('crm.csv', '--encoding', 'windows-1252')
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining('[E_OTHER_RUN]') })
    expect(server.updates).toHaveLength(1)
  })

  it('goes on with what came compressed over standard input', async () => {
    const [, bytes] = inputs[1] ?? ['', Buffer.alloc(0)]
    const pipe = (...args: readonly string[]) =>
      folder.run(
        ['update', '-', '--max-clears', '100%', '--base-url', server.url, ...args],
        server.keys,
        bytes,
      )
    const canary = await pipe('--limit', '5')
    const [, run = ''] = /--run-id (\S+)/.exec(canary.stderr) ?? []
    expect(readdirSync(join(folder.path, 'rapyd-runs'))).toEqual([run])
    // Nothing is piped: the store has kept it.
    expect((await command('-', '--run-id', run)).code).toBe(1)
    expectAll()
  })

  it.each(inputs)('rehearses %s on the simulator', async (name, bytes, args) => {
    write(name, bytes)
    const run = () =>
      folder.run([
        'update',
        name,
        ...args,
        '--env',
        'simulator',
        '--rate',
        'none',
        '--max-clears',
        '100%',
        '--json',
      ])
    const first = await run()
    expect(first.code).toBe(1)
    expect(JSON.parse(first.stdout)).toMatchObject({ outcomes: { updated: count, invalid: 1 } })
    expect((await run()).stderr).toContain('finished before')
  })
})

describe('--encoding windows-1252', () => {
  it.each(['validate', 'init'])('is what %s reads as well', async (command) => {
    const line = Buffer.from('cus_00000000000000000000000000000001,Jos\xe9\n', 'latin1')
    folder.write('ansi.csv', Buffer.concat([Buffer.from('customer,name\n'), line]))
    const refused = await folder.run([command, 'ansi.csv', '--force'])
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('--encoding') })
    const read = await folder.run([command, 'ansi.csv', '--encoding', 'windows-1252', '--force'])
    expect(read.code).toBe(0)
  })
})
