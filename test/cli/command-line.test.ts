import { describe, expect, it } from 'vitest'

import { checkOptions } from '../../src/cli/check-options.ts'

import { optionTable } from '../../src/config/job-options.ts'
import type { CommandName } from '../../src/config/options.ts'
import { parseCommandLine } from '../../src/cli/parse-command-line.ts'
import { runCommand } from '../../src/cli/run-command-line.ts'
import { commandNamed, positionalsOf } from '../../src/cli/words.ts'
import { exitCodes } from '../../src/errors.ts'
import { freshFolder } from '../acceptance/support/command.ts'

const check = (command: CommandName, options: Readonly<Record<string, unknown>>) => () =>
  checkOptions(command, options)

describe('an option', () => {
  it.each<[CommandName, Record<string, unknown>, string, string]>([
    ['update', { concurency: 4 }, 'Unknown option: --concurency', 'Did you mean --concurrency?'],
    ['update', { 'runs-dri': 'x', runsDri: 'x' }, 'Unknown option: --runs-dri', 'Did you mean --runs-dir?'],
    ['update', { q: true }, 'Unknown option: -q', 'See rapyd-bulk update --help.'],
    ['validate', { concurrency: 4 }, 'Unknown option: --concurrency', 'validate --help'],
    ['simulator', { faluts: 'x' }, 'Unknown option: --faluts', 'Did you mean --faults?'],
    ['update', { blank: 'kep' }, 'Invalid --blank', 'Did you mean "keep"?'],
    ['update', { env: '' }, 'Invalid --env', 'Nothing was sent.'],
    ['update', { limit: [3, 4] }, '--limit is given more than once', 'Keep the one'],
    ['update', { env: ['sandbox', 'production'] }, '--env is given more than once', 'Keep the one'],
    ['update', { 'run-id': '', runId: '' }, '--run-id needs a value', '--run-id'],
    ['update', { 'run-id': false, runId: false }, '--run-id needs a value', '--run-id'],
    ['update', { literal: [false] }, '--literal needs a value', '--literal'],
    ['update', { json: { x: true } }, '--json needs a value', '--json'],
    ['update', { input: 'b.csv' }, 'Unknown option: --input', 'update --help'],
    ['update', { limit: 0 }, 'use a whole number from 1 on', 'Nothing was sent.'],
    ['update', { limit: undefined }, 'use a whole number from 1 on', 'Nothing was sent.'],
    ['update', { concurrency: 1.5 }, 'use a whole number from 1 to 1000', 'Nothing was sent.'],
    ['update', { seed: Number.NaN }, 'use a whole number from 0 on', 'Nothing was sent.'],
    ['simulator', { latency: -1 }, 'use a whole number from 0 to 2147483647', 'Nothing was sent.'],
    ['simulator', { port: 65_536 }, 'use a whole number from 0 to 65535', 'Nothing was sent.'],
  ])('of %s that does not fit is named with what fits: %j', (command, args, message, remedy) => {
    expect(check(command, args)).toThrow(
      expect.objectContaining({
        kind: 'USAGE',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      }),
    )
  })

  it.each<[CommandName, Record<string, unknown>]>([
    ['update', { limit: 1, seed: 0, 'run-id': 'a', runId: 'a', json: true, blank: 'keep', faults: '' }],
    ['update', { 'ignore-columns': ['a', 'b'], ignoreColumns: ['a', 'b'], color: false }],
    ['simulator', { port: 0, latency: 0, seed: 0 }],
  ])('of %s that fits passes: %j', (command, args) => expect(check(command, args)).not.toThrow())

  it('that is a number has a range', () => {
    for (const { type, range } of optionTable.values()) expect(range !== undefined).toBe(type === 'number')
  })
})

/** What a command is given. */
function read(...argv: readonly string[]): Readonly<Record<string, unknown>> {
  const { words, options } = parseCommandLine(argv)
  const name = commandNamed(words[0])
  return { name, ...checkOptions(name, options), ...positionalsOf(name, words.slice(1)) }
}

describe('a command line', () => {
  it.each([
    [['validate', 'a.csv', '--json'], { name: 'validate', input: 'a.csv', json: true }],
    [['--json', 'validate', 'a.csv'], { name: 'validate', input: 'a.csv', json: true }],
    [['--map', 'm.yaml', 'validate', 'a.csv'], { input: 'a.csv', map: 'm.yaml' }],
    [['update', 'a.csv', '--run-id', '7'], { runId: '7' }],
    [['update', 'a.csv', '--runId=7'], { runId: '7' }],
    [['update', 'a.csv', '--no-read-back', '--no-color'], { readBack: false, color: false }],
    [['update', 'a.csv', '--json=false', '--quiet', 'true'], { json: false, quiet: true, input: 'a.csv' }],
    [['update', 'a.csv', '--json', '--no-json', '--strict', '--strict'], { json: false, strict: true }],
    [['update', '--limit', '5', 'a.csv', '--seed=0'], { limit: 5, seed: 0, input: 'a.csv' }],
    [['update', '--literal', 'NULL', 'a.csv', '--literal=-'], { literals: ['NULL', '-'], input: 'a.csv' }],
    [['update', '--ignoreColumns', 'a', '--ignore-columns', '5', 'b'], { ignoreColumns: ['a', '5'] }],
    [['update', 'a.csv', '--literal', '-5', '--max-errors', '-5'], { literals: ['-5'], maxErrors: '-5' }],
    [['update', 'a.csv', '--faults', '', '--null-values', ''], { faults: '', nullValues: [''] }],
    [['init', '-', '--out', '-'], { input: '-', out: '-' }],
    [['init', '-', '--out=-'], { input: '-', out: '-' }],
    [['validate', '--json', '--', '-a.csv'], { input: '-a.csv', json: true }],
    [['validate', '--', '--json=1'], { input: '--json=1' }],
    [['validate', '--', '-'], { input: '-' }],
    [['validate', '-5'], { input: '-5' }],
    [['validate', '0x10'], { input: '0x10' }],
    [['validate', '"a.csv"', '--map', '"m"'], { input: '"a.csv"', map: '"m"' }],
    [['validate', 'validate'], { name: 'validate', input: 'validate' }],
    [['state', 'baseline', 'a.csv'], { action: 'baseline', input: 'a.csv' }],
    [['runs'], { name: 'runs' }],
  ])('%j is read as %j', (argv, expected) => expect(read(...argv)).toMatchObject(expected))

  it.each([
    [[], 'no command is named'],
    [['--'], 'no command is named'],
    [['--json'], 'no command is named'],
    [['-'], 'there is no command "-"'],
    [['constructor'], 'there is no command "constructor"'],
    [['__proto__'], 'there is no command "__proto__"'],
    [['validate', '--jsn', 'a.csv'], 'Unknown option: --jsn'],
    [['validate', '--backup', 'a.csv'], 'Unknown option: --backup'],
    [['validate', 'a.csv', '--run-id', 'x'], 'Unknown option: --run-id'],
    [['validate', 'a.csv', '--max_errors', '5'], 'Unknown option: --max_errors'],
    [['validate', 'a.csv', '--input', 'b.csv'], 'Unknown option: --input'],
    [['validate', 'a.csv', '--$0', 'b.csv'], 'Unknown option: --$0'],
    [['validate', 'a.csv', '--json.x'], 'Unknown option: --json.x'],
    [['validate', 'a.csv', '--a.b', '1'], 'Unknown option: --a.b'],
    [['validate', 'a.csv', '--__proto__.x', '1'], 'Unknown option: --__proto__.x'],
    [['validate', 'a.csv', '--__proto__', 'x'], 'Unknown option: --___proto___'],
    [['validate', 'a.csv', '--constructor'], 'Unknown option: --constructor'],
    [['validate', 'a.csv', '--toString'], 'Unknown option: --toString'],
    [['validate', 'a.csv', '-j'], 'Unknown option: -j'],
    [['validate', 'a.csv', '--version'], 'Unknown option: --version'],
    [['validate', 'a.csv', '--no-map'], '--map needs a value'],
    [['validate', 'a.csv', '--map='], '--map needs a value'],
    [['validate', 'a.csv', '--map', '--json'], '--map needs a value'],
    [['validate', 'a.csv', '--no-literal'], '--literal needs a value'],
    [['rollback', 'x', '--dry-run=yes'], '--dry-run takes no value'],
    [['rollback', 'x', '--dryRun=1'], '--dry-run takes no value'],
    [['rollback', 'x', '--dry-run='], '--dry-run takes no value'],
    [['validate', 'a.csv', '--blank'], 'Invalid --blank'],
    [['validate', 'a.csv', '--blank=keep', '--blank=keep'], '--blank is given more than once'],
    [['update', 'a.csv', '--max-errors=1', '--maxErrors=2'], '--max-errors is given more than once'],
    [['update', 'a.csv', '--no-limit'], 'use a whole number from 1 on'],
    [['update', 'a.csv', '--limit', '-5'], 'use a whole number from 1 on'],
    [['update', 'a.csv', '--seed='], 'use a whole number from 0 on'],
    [['update', 'a.csv', '--seed', ' '], 'use a whole number from 0 on'],
    [['update', 'a.csv', '--seed', '7x'], 'use a whole number from 0 on'],
    [['update', 'a.csv', '--seed', '1', '--seed', ''], '--seed is given more than once'],
    [['simulator', '--port', ''], 'use a whole number from 0 to 65535'],
    [['simulator', '--latency='], 'use a whole number from 0 to 2147483647'],
    [['update', 'a.csv', '--json', 'yes'], 'Unexpected argument: yes'],
    [['update', 'a.csv', '--', 'b.csv'], 'Unexpected argument: b.csv'],
    [['state', 'show', 'a', 'b', 'c'], 'Unexpected arguments: b, c'],
    [['validate', ''], 'no input is named: an empty text stands in its place'],
    [['simulator', 'x'], 'Unexpected argument: x'],
    [['state', 'shwo'], 'the action is none of show, forget, rebuild, baseline'],
  ])('%j is refused: %s', async (argv, message) => {
    await expect(runCommand(argv)).rejects.toMatchObject({
      kind: 'USAGE',
      message: expect.stringContaining(message),
    })
  })
})

describe('the program', () => {
  it.each([
    [[], 'no command is named'],
    [['update'], 'no input is named'],
    [['redo'], 'no run is named'],
    [['update', 'crm.csv', '--concurency', '4'], 'Did you mean --concurrency?'],
    [['udpate', 'crm.csv'], 'Did you mean "update"?'],
    [['update', 'crm.csv', '--limit', '1', '--limit', '2'], '--limit is given more than once'],
    [['simulator', '--port', 'http'], 'use a whole number'],
  ])('%j ends with 2 and says why', async (args, text) => {
    const folder = freshFolder()
    const { code, stdout, stderr } = await folder.run(args)
    folder.remove()
    expect({ code, stdout }).toEqual({ code: exitCodes.USAGE, stdout: '' })
    expect(stderr).toContain(text)
  })
})
