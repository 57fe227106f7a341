/** The big list of naughty strings, as cells, keys, headers, ids and names of files: sent byte for byte, or refused with a reason. */
import list from 'big-list-of-naughty-strings/blns.json' with { type: 'json' }
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const strings: readonly string[] = list
const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
/** What a cell is refused for; everything else is sent as it stands. */
const reasons = ['E_CONTROL_CHAR', 'E_SUSPECT_BLANK', 'E_NOT_WELL_FORMED']

describe('naughty strings', () => {
  let folder: Folder
  let server: RapydServer
  const run = (...args: readonly string[]) =>
    folder.run(
      ['update', ...args, '--rate', 'none', '--max-errors', '100%', '--base-url', server.url],
      server.keys,
    )

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  /** Each is at the server as it stands, or its row says why not. */
  function expectAccount(valueOf: (customer: Readonly<Record<string, unknown>>) => unknown): void {
    const rows: Record<string, string>[] = parse(folder.report('results.csv'), { columns: true })
    expect(rows).toHaveLength(strings.length)
    let sent = 0
    for (const [index, text] of strings.entries()) {
      const { outcome, error_code: code } = rows[index] ?? {}
      if (outcome === 'updated') {
        sent++
        expect(valueOf(server.customer(id(index)))).toBe(text)
      } else expect(reasons, JSON.stringify(text)).toContain(code)
    }
    expect(sent).toBeGreaterThan(strings.length * 0.85)
    expect(server.updates).toHaveLength(sent)
  }

  it('are a list worth trying', () => expect(strings.length).toBeGreaterThan(400))

  it('as cells of CSV', async () => {
    const rows = strings.map((text, index) => `${id(index)},${quoted(text)}`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
    const { code, stderr } = await run('crm.csv')
    expect(code, stderr).toBe(1)
    expectAccount(({ name }) => name)
  })

  it('as values of NDJSON, deep inside', async () => {
    const rows = strings.map((text, index) =>
      JSON.stringify({ customer: id(index), metadata: { a: [text] } }),
    )
    folder.write('crm.ndjson', `${rows.join('\n')}\n`)
    const { code, stderr } = await run('crm.ndjson')
    expect([0, 1], stderr).toContain(code)
    expectAccount(({ metadata }) => inside(metadata))
  })

  it('as headers and ids send nothing that is not meant, and crash nothing', async () => {
    folder.write('headers.csv', `customer,${strings.map(quoted).join(',')}\n`)
    expect(await run('headers.csv')).toMatchObject({
      code: 3,
      stderr: expect.not.stringContaining('    at '),
    })
    const rows = strings.map((text) => `${quoted(text)},Jo`)
    folder.write('ids.csv', `customer,name\n${rows.join('\n')}\n`)
    expect(await run('ids.csv')).toMatchObject({ code: 1, stderr: expect.not.stringContaining('    at ') })
    expect(server.updates).toHaveLength(
      strings.filter((text) => /^cus_[A-Za-z0-9_-]{1,64}$/.test(text)).length,
    )
  })

  it('as names of files', async () => {
    const names = strings.filter(
      (text) => text !== '' && !/[/\0]/.test(text) && Buffer.byteLength(text) < 200,
    )
    for (const name of names.filter((_, index) => index % 60 === 0)) {
      folder.write(`x${name}.csv`, `customer,name\n${id(1)},${quoted(`Jo ${name.length}`)}\n`)
      const { code, stderr } = await run(`x${name}.csv`)
      expect(code, stderr).toBe(0)
    }
  })
})

function inside(metadata: unknown): unknown {
  return typeof metadata === 'object' && metadata !== null && 'a' in metadata && Array.isArray(metadata.a)
    ? metadata.a[0]
    : undefined
}
