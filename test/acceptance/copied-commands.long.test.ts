/** Commands that are shown for copying run nothing of what others have named. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = `cus_${'1'.padStart(32, '0')}`
const hostile = '$(touch a);touch b;`touch c`\'";touch d;"|touch e&'
const named = (rest: string) => `x ${hostile}${rest}`
const keys = { RAPYD_ACCESS_KEY: 'rak_x', RAPYD_SECRET_KEY: 'rsk_x' }
const simulated = ['--env', 'simulator', '--rate', 'none']

let folder: Folder
beforeAll(async () => {
  folder = freshFolder()
  const header = `"${hostile.replaceAll('"', '""')}"`
  folder.write(named('.csv'), `customer,name\n${id},A\nnobody,B\n`)
  folder.write('header.csv', `customer,${header}\n${id},A\n`)
  folder.write('dash.csv', `customer,--max-clears=100%\n${id},A\n`)
  // A run that `runs` offers to resume.
  await folder.run(['update', named('.csv'), ...simulated, '--max-errors', '100%', '--limit', '1'])
})
afterAll(() => folder.remove())

/** From each word that a shell would start with, or that changes another command, to the end of the line. */
function commandsIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) =>
    [...line.matchAll(/rapyd-bulk (?=[a-z])|--[a-z][\w-]*[ =]/g)].map(({ index, 0: word }) => {
      const command = line.slice(index).replace(/\. .*$|\.$/, '')
      return word.startsWith('--') ? `rapyd-bulk ${command}` : command
    }),
  )
}

/** What is in an empty folder after a shell has run the text there. */
function madeBy(command: string): readonly string[] {
  const empty = mkdtempSync(join(folder.path, 'empty-'))
  spawnSync('/bin/sh', ['-c', command.replace('rapyd-bulk', ':')], { cwd: empty })
  const made = readdirSync(empty)
  rmSync(empty, { recursive: true })
  return made
}

it.each<string[]>([
  ['init', named('.csv')],
  ['init', named('.csv'), '--out', named('.yaml')],
  ['validate', 'header.csv'],
  ['update', 'header.csv', ...simulated],
  [
    'update',
    named('.csv'),
    ...simulated,
    '--max-errors',
    '100%',
    '--runs-dir',
    `${hostile}runs`,
    '--run-id',
    'one',
  ],
  ['plan', named('.csv'), ...simulated, '--max-errors', '100%', '--out', named('.ndjson')],
  ['runs'],
])('%s %s: names of others run nothing in the commands that it prints', async (...args) => {
  const { stdout, stderr } = await folder.run(args, keys)
  const commands = commandsIn(stdout + stderr).filter((command) => /touch/.test(command))
  expect(commands.length).toBeGreaterThan(0)
  for (const command of commands) expect(madeBy(command), command).toEqual([])
})

it.each([
  ['update', 'header.csv', '--base-url'],
  ['simulator', '--webhook-url'],
])('%s %s: the host that is to be allowed is quoted', async (...args) => {
  const { stderr } = await folder.run([...args.filter(Boolean), 'https://a$(reboot).example'], keys)
  expect(stderr).toContain("add --allow-host 'a$(reboot).example'")
})

const rowsWith = (value: string): readonly string[] =>
  Array.from({ length: 20 }, (_, row) => `cus_${String(row).padStart(32, '0')},${value}`)

it('a key of metadata that was filled last time is quoted where it is to be accepted', async () => {
  const header = 'customer,metadata.$(touch a)'
  const night = (value: string) => folder.write('night.csv', `${[header, ...rowsWith(value)].join('\n')}\n`)
  night('gold')
  await folder.run(['update', 'night.csv', ...simulated])
  night('')
  const { stderr } = await folder.run(['update', 'night.csv', ...simulated, '--max-clears', '100%'])
  const commands = commandsIn(stderr).filter((command) => command.includes('--accept-change'))
  expect(commands).toHaveLength(1)
  for (const command of commands) expect(madeBy(command), command).toEqual([])
})

it('a column whose name looks like an option stays the value of the option before it', async () => {
  const { stderr } = await folder.run(['validate', 'dash.csv'])
  expect(stderr).toContain("--ignore-columns='--max-clears=100%'")
})
