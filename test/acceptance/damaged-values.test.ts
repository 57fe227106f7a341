/** Values that a person sees to be wrong: objects inside, and texts for nothing and for errors. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, createSimulator, type BulkUpdateOptions, type Simulator } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const ndjson = (...records: readonly object[]) =>
  `${records.map((record) => JSON.stringify(record)).join('\n')}\n`

let folder: Folder
let simulator: Simulator
beforeEach(async () => {
  folder = freshFolder()
  simulator = await createSimulator({ windows: [] })
})
afterEach(async () => {
  await simulator.close()
  folder.remove()
})

/** Sends a file, and returns the run's summary and the bodies that went out. */
async function send(input: string, options: Partial<BulkUpdateOptions> = {}) {
  const { accessKey, secretKey, url: baseUrl } = simulator
  const { summary, exitCode } = await bulkUpdate({
    accessKey,
    secretKey,
    baseUrl,
    rate: 'none',
    concurrency: 1,
    maxErrors: '100%',
    ...options,
    input: join(folder.path, input),
    runsDir: join(folder.path, 'runs'),
    stateDir: join(folder.path, '.state'),
  })
  const bodies = simulator.calls.filter(({ method }) => method === 'POST').map(({ body }) => body)
  return { summary, exitCode, bodies }
}

function listed(kinds: readonly { code: string; field: string; rows: number }[]): readonly string[] {
  return kinds.map(({ code, field, rows }) => `${rows} ${code} ${field}`)
}

async function validate(...args: readonly string[]) {
  const { code, stdout } = await folder.run(['validate', ...args, '--max-errors', '100%', '--json'])
  const { findings, warnings, columns } = JSON.parse(stdout)
  return { code, findings: listed(findings), warnings: listed(warnings), columns }
}

describe('metadata as an object', () => {
  it('is left alone by --blank keep, as its paths are', async () => {
    const metadata = { tier: '', plan: null }
    folder.write(
      'keep.ndjson',
      ndjson({ customer: id(1), metadata }, { customer: id(2), 'metadata.tier': '', 'metadata.plan': null }),
    )
    const { summary, bodies } = await send('keep.ndjson', { blank: 'keep' })
    expect(bodies).toEqual([])
    expect(summary.outcomes).toMatchObject({ unchanged: 2, updated: 0 })
  })

  it('stops a run that would clear its keys on most rows, and its clears are counted', async () => {
    const rows = Array.from({ length: 60 }, (_, row) => ({
      customer: id(row + 1),
      metadata: { tier: '', plan: null },
    }))
    folder.write('sixty.ndjson', ndjson(...rows))
    await expect(send('sixty.ndjson')).rejects.toMatchObject({
      code: 'E_MAX_CLEARS',
      message: expect.stringContaining('metadata.tier on 60 of 60 rows'),
    })
    expect(simulator.calls).toEqual([])
    const { summary, bodies } = await send('sixty.ndjson', { maxClears: '100%' })
    expect(bodies).toHaveLength(60)
    expect(summary.cleared).toEqual({ 'metadata.tier': 60, 'metadata.plan': 60 })
    const { columns } = await validate('sixty.ndjson', '--max-clears', '100%')
    expect(columns.slice(2)).toMatchObject([
      { name: 'metadata.tier', filled: 0, blank: 60, blanks: 'clear the field' },
      { name: 'metadata.plan', filled: 0, blank: 60, blanks: 'clear the field' },
    ])
  })

  it('is refused for texts that look empty and for control characters inside', async () => {
    const metadata = { tier: 'NULL', x: '   ', y: '\u0007', l: ['N/A'] }
    folder.write(
      'junk.ndjson',
      ndjson({ customer: id(1), metadata }, { customer: id(2), 'metadata.tier': 'NULL' }),
    )
    const { bodies, summary } = await send('junk.ndjson')
    expect(bodies).toEqual([])
    expect(summary.outcomes).toMatchObject({ invalid: 2 })
    expect((await validate('junk.ndjson')).findings).toEqual([
      '2 E_SUSPECT_BLANK metadata.tier',
      '1 E_SUSPECT_BLANK metadata.x',
      '1 E_CONTROL_CHAR metadata.y',
      '1 E_SUSPECT_BLANK metadata.l[0]',
    ])
  })
})

describe('texts for nothing and for errors', () => {
  it.each([
    [
      'Excel',
      '#N/A|#NV|#WERT!|#BEZUG!|#ZAHL!|#N/D|#VALEUR!|#NOM?|#¡VALOR!|#¡REF!|#¿NOMBRE?|#ÉRTÉK!|#ARG!|#ДЕЛ/0!',
    ],
    [
      'databases',
      '\\N|(NULL)|[null]|[NULL]|<null>|<NA>|NaT|NULL | NULL|null null|undefined undefined|[object Object]|NULL',
    ],
  ])('of %s are refused, each in its column', async (_, list) => {
    const texts = list.split('|')
    folder.write(
      'in.csv',
      `customer,name,description\n${texts.map((text, row) => `${id(row)},${text},${text}`).join('\n')}\n`,
    )
    const { bodies, summary } = await send('in.csv')
    expect(bodies).toEqual([])
    expect(summary.outcomes).toMatchObject({ invalid: texts.length })
    expect((await validate('in.csv')).findings).toEqual([
      `${texts.length} E_SUSPECT_BLANK name`,
      `${texts.length} E_SUSPECT_BLANK description`,
    ])
  })

  it('are sent with --literal and clear with --null-values', async () => {
    folder.write('in.csv', `customer,name\n${id(1)},#NV\n${id(2)},(NULL)\n`)
    const { bodies } = await send('in.csv', { literals: ['#NV'], nullValues: ['(NULL)'] })
    expect(bodies).toEqual(['{"name":"#NV"}', '{"name":""}'])
  })
})

it('a damaged text is counted in each of its rows, also one after another and between sound ones', async () => {
  const cities = ['MÃ¼nchen', 'MÃ¼nchen', 'München', 'München', 'MÃ¼nchen', 'Köln', 'Köln', 'KÃ¶ln']
  const names = ['Köln', 'Köln', 'MÃ¼nchen', 'N/A Ltd', 'Köln', 'Köln', 'Köln', 'Köln']
  const rows = cities.map((city, row) => `${id(row + 1)},${city},${names[row]}`)
  folder.write('crm.csv', `customer,addresses[0].city,name\n${rows.join('\n')}\n`)
  const { warnings } = await validate('crm.csv')
  expect(warnings).toEqual(['4 W_ENCODING addresses[0].city', '1 W_ENCODING name'])
})
