/**
 * What each command prints, whole: its help, and typical screens. One file for each command in `texts/`; `vitest -u` writes them
 * again. The other acceptance tests hold codes, counts and files, so a change of words changes these files alone.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/index.ts'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { commandNames } from './support/help.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const program = 'rapyd-bulk'

/** What differs from one day, machine or run to the next. */
function normalised(text: string, { path }: Folder): string {
  return (
    text
      .replaceAll(path, '<folder>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replaceAll(/\b(crm|other)-[0-9a-f]{10}\b/g, '$1-<digest>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?/g, '<time>')
      .replaceAll(/(rows) in \d+ (?:s|min)\b/g, '$1')
      .replaceAll(/\b\d+(?:\.\d+)? ms\b/g, '<n> ms')
      .replaceAll(/\b\d+(?:\.\d+)? s\b/g, '<n> s')
      .replaceAll(/(RAPYD_(?:ACCESS|SECRET)_KEY=)\S+/g, '$1<key>')
      .replaceAll(/127\.0\.0\.1_\d+-[0-9a-f]{12}/g, '<account>')
      .replaceAll(/account [0-9a-f]{12}/g, 'account <account>')
      // A warning that only a container gets.
      .replaceAll(/^.*is not on a volume: .*\n/gm, '')
  )
}

/** One row for each kind of defect that a person reads about. */
const defects = [
  'customer,name,email,phone_number,description,business_vat_id,addresses[0].zip,addresses[0].country,date_of_birth,nationality',
  ...['', ` ${id(11)}`, '01/03/2026', 'ewallet_12ab', '1-Mar'].map((customer) => `${customer},Ana,,,,,,,,`),
  ...['4.91512E+11', '4915112345678', '0049151123456', '+49 (151) 123-456', '0151'].map(
    (phone, at) => `${id(20 + at)},Ana,,${phone},,,,,,`,
  ),
  `${id(30)},NULL,jo@,,,,,,44927,Germany`,
  `${id(31)},Ana,,,,,,,31/02/1980,`,
  `${id(32)},Zo\ufffd,a@example.com,+14155550100,4.9E+11,1-Mar,1067,DE,01/01/2099,DE`,
  `${id(33)},tbd,a@example.com,+14155550100,Zo\u00c3\u00ab,DE1,01067,DE,01/01/1980,DE`,
  'cus_ABC,,b@example.com,+14155550100,x,DE1,01067,DE,01/01/1980,DE',
  '',
].join('\n')

let folder: Folder
let simulator: Simulator
const screens = new Map<string, string>()
const nothing: Finished = { code: null, stdout: '', stderr: '' }

function keep(words: readonly string[], { code, stdout, stderr }: Finished): void {
  const [command = program] = words[0]?.startsWith('-') === true || words.length === 0 ? [program] : words
  const output = [stdout, stderr === '' ? '' : `(standard error)\n${stderr}`].join('')
  const screen = `$ ${[program, ...words].join(' ')}\n${normalised(output, folder)}(exit ${code})\n`
  const before = screens.get(command)
  screens.set(command, before === undefined ? screen : `${before}\n${screen}`)
}

async function show(...words: readonly string[]): Promise<Finished> {
  const env = {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }
  const finished = await folder.run(words, env)
  keep(words, finished)
  return finished
}

beforeAll(async () => {
  folder = freshFolder()
  simulator = await createSimulator({
    windows: [],
    customers: [1, 2, 3, 4].map((number) => ({
      id: id(number),
      name: `Name ${number}`,
      email: `${number}@example.com`,
    })),
  })
  folder.write(
    'crm.csv',
    `customer,name,email\n${id(1)},New 1,1@example.com\n${id(2)},New 2,\n${id(3)},NULL,3@example.com\n${id(2)},Newer 2,2@example.com\n${id(4)},New 4,4@example.com\n`,
  )
  folder.write('clears.csv', `customer,name\n${id(1)},\n${id(2)},\n`)
  const helps = [['--help'], [], ['udpate'], ...commandNames().map((command) => [command, '--help'])]
  const shown = await Promise.all(helps.map((words) => folder.run(words)))
  for (const [at, words] of helps.entries()) keep(words, shown[at] ?? nothing)
  await show('validate', 'crm.csv')
  await show('validate', 'none.csv')
  folder.write('defects.csv', defects)
  await show('validate', 'defects.csv', '--max-errors', '100%')
  await show('init', 'crm.csv', '--out', '-')
  await show('init', 'crm.csv', '--out', 'crm.csv')
  const rate = ['--rate', 'none']
  await show('plan', 'crm.csv', ...rate, '--out', 'plan.ndjson')
  await show('plan', 'none.csv')
  await show('update', 'crm.csv', ...rate, '--run-id', 'first', '--backup')
  await show('update', 'crm.csv', ...rate, '--run-id', 'first')
  await show('update', 'clears.csv', ...rate)
  const production = ['update', 'crm.csv', '--env', 'production']
  keep(production, await folder.run(production, { RAPYD_ACCESS_KEY: 'access', RAPYD_SECRET_KEY: 'secret' }))
  await show('verify', 'first', ...rate)
  await show('verify', 'none')
  await show('redo', 'first', ...rate)
  await show('redo', 'none')
  await show('rollback', 'first', ...rate)
  await show('rollback', 'first', ...rate)
  await show('apply', 'plan.ndjson', ...rate, '--run-id', 'second')
  await show('apply', 'crm.csv', ...rate)
  await show('report', 'first')
  await show('report', 'none')
  await show('runs', '--runs-dir', 'none')
  await folder.run([
    'update',
    'crm.csv',
    '--env',
    'simulator',
    '--limit',
    '2',
    '--run-id',
    'only',
    '--runs-dir',
    'one',
  ])
  await show('runs', '--runs-dir', 'one')
  await show('runs', '--runs-dir', 'one', '--purge', '--older-than', '30d', '--yes')
  await show('runs', '--purge')
  await show('state', 'baseline', 'crm.csv')
  await show('state', 'show')
  await show('state', 'forget')
  await show('state', 'rebuild')
  await show('store', 'check')
  await show('store', 'check', '--restored')
  await show('store', 'repair')
  await show('store', 'check', '--store', 'crm.csv')
  await show('completion', 'tcsh')
  const served = folder.start(['simulator', '--rate', 'none'])
  await new Promise<void>((ready) => {
    served.onStderr((text) => {
      if (text.includes('ready')) ready()
    })
  })
  // Once it answers, it also listens to signals.
  const [, url = ''] = /RAPYD_BASE_URL=(\S+)/.exec(served.stdout()) ?? []
  await (await fetch(url, { headers: { connection: 'close' } })).text()
  served.kill('SIGINT')
  keep(['simulator', '--rate', 'none'], await served.finished)
  await show('simulator', '--faults', 'nonsense')
})
afterAll(async () => {
  await simulator.close()
  folder.remove()
})

it.each([program, ...commandNames()])('%s prints what texts/ holds', async (command) => {
  await expect(screens.get(command)).toMatchFileSnapshot(join(import.meta.dirname, 'texts', `${command}.txt`))
})

it('texts/ holds a file for each command and no other', () => {
  const files = readdirSync(join(import.meta.dirname, 'texts')).map((name) => name.replace(/\.txt$/, ''))
  expect(files.toSorted()).toEqual([program, ...commandNames()].toSorted())
})
