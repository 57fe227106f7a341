/** What is offered behind words that are typed, besides what acceptance tests ask of shells. */
import { readdirSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { freshFolder } from '../../acceptance/support/command.ts'

const folder = freshFolder()
afterAll(() => folder.remove())

/** What is offered for the last of the words, and whether files would fit. */
async function offered(
  ...words: readonly string[]
): Promise<readonly [offered: string, code: number | null]> {
  const { code, stdout, stderr } = await folder.run(['--get-yargs-completions', 'rapyd-bulk', ...words])
  expect(stderr).toBe('')
  return [stdout.trim().replaceAll('\n', ' '), code]
}

it.each([
  [['update', '--access'], '', 0],
  [['update', 'crm.csv', '--env=s'], '--env=sandbox --env=simulator', 0],
  [['update', 'crm.csv', '--map', 'h'], 'hubspot', 0],
  [['update', 'crm.csv', '--map', 'cr'], '', 1],
  [['update', 'crm.csv', '--no'], '--no-read-back --no-color --no-proxy', 0],
  [['update', 'crm.csv', '--json', ''], '', 1],
  [['update', '--rate', ''], '', 0],
  [['update', ''], '', 1],
  [['nothing', ''], '', 1],
] as const)('after %j that is "%s", with status %i', async (words, text, code) =>
  expect(await offered(...words)).toEqual([text, code]),
)

it('offers the ids of the runs in the store to commands that take one', async () => {
  folder.write('crm.csv', 'customer,name\ncus_11111111111111111111111111111111,Ada\n')
  await folder.run(['update', 'crm.csv', '--env', 'simulator', '--run-id', 'crm-1'])
  for (const command of ['redo', 'rollback', 'verify', 'report'])
    expect(await offered(command, 'c')).toEqual(['crm-1', 0])
})

it('a command is never run, however complete its line is', async () => {
  folder.write('crm.csv', 'customer\n')
  const before = readdirSync(folder.path)
  expect(await offered('init', 'crm.csv', '--force')).toEqual(['--force', 0])
  expect(await offered('update', 'crm.csv', '--env', 'simulator', '')).toEqual(['', 1])
  expect(readdirSync(folder.path)).toEqual(before)
})
