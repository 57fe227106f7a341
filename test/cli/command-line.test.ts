import { describe, expect, it } from 'vitest'
import { camelCase } from '../../src/cli/arguments.ts'
import { checkOptions } from '../../src/cli/check-options.ts'
import { commandNames } from '../../src/cli/command-table.ts'
import type { CommandName } from '../../src/cli/command-table.ts'
import { commandFlags } from '../../src/cli/flags.ts'
import type { Flag } from '../../src/cli/flags.ts'
import { parseCommandLine } from '../../src/cli/parse-command-line.ts'
import { runCommand } from '../../src/cli/run-command-line.ts'
import { commandNamed, positionalsOf } from '../../src/cli/words.ts'
import { exitCodes } from '../../src/errors.ts'
import { freshFolder } from '../acceptance/support/command.ts'

const check = (command: CommandName, options: Readonly<Record<string, unknown>>) => () =>
  checkOptions(command, options)

describe('an option', () => {
  it.each<[CommandName, Record<string, unknown>, string, string]>([
    ['update', { concurency: 4 }, 'update has no option --concurency', 'Did you mean --concurrency?'],
    ['update', { 'runs-dri': 'x', runsDri: 'x' }, 'no option --runs-dri', 'Did you mean --runs-dir?'],
    ['update', { q: true }, 'update has no option -q', 'See rapyd-bulk update --help.'],
    ['validate', { concurrency: 4 }, 'validate has no option --concurrency', 'validate --help'],
    ['simulator', { faluts: 'x' }, 'simulator has no option --faluts', 'Did you mean --faults?'],
    ['update', { blank: 'kep' }, '--blank is none of clear, keep, reject', 'Did you mean "keep"?'],
    ['update', { env: '' }, '--env is none of sandbox, production, simulator', '--env sandbox'],
    ['update', { limit: [3, 4] }, '--limit is given more than once', 'Keep the one'],
    ['update', { env: ['sandbox', 'production'] }, '--env is given more than once', 'Keep the one'],
    ['update', { 'run-id': '', runId: '' }, '--run-id needs a value', '--run-id'],
    ['update', { 'run-id': false, runId: false }, '--run-id needs a value', '--run-id'],
    ['update', { literal: [false] }, '--literal needs a value', '--literal'],
    ['update', { json: { x: true } }, '--json needs a value', '--json'],
    ['update', { input: 'b.csv' }, 'update has no option --input', 'update --help'],
    ['update', { limit: 0 }, '--limit needs a whole number from 1 on', '--limit 5'],
    ['update', { limit: undefined }, '--limit needs a whole number from 1 on', '--limit 5'],
    ['update', { concurrency: 1.5 }, '--concurrency needs a whole number from 1 to 1000', '--concurrency 16'],
    ['update', { seed: Number.NaN }, '--seed needs a whole number from 0 on', '--seed 7'],
    ['simulator', { latency: -1 }, '--latency needs a whole number from 0 to 2147483647', '--latency 50'],
    ['simulator', { port: 65_536 }, '--port needs a whole number from 0 to 65535', '--port 4010'],
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

  it('that is a number has a range and an example of its own', () => {
    const names = Object.values(commandFlags).flatMap((flags) =>
      Object.entries(flags).flatMap(([name, flag]) =>
        'type' in flag && flag.type === 'number' ? [name] : [],
      ),
    )
    expect(new Set(names)).toEqual(new Set(['concurrency', 'latency', 'limit', 'port', 'seed']))
  })
})

/** What a command is given. */
function read(...argv: readonly string[]): Readonly<Record<string, unknown>> {
  const { words, options } = parseCommandLine(argv)
  const name = commandNamed(words[0])
  checkOptions(name, options)
  return { name, ...options, ...positionalsOf(name, words.slice(1)) }
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
    [['update', '--literal', 'NULL', 'a.csv', '--literal=-'], { literal: ['NULL', '-'], input: 'a.csv' }],
    [['update', '--ignoreColumns', 'a', '--ignore-columns', '5', 'b'], { ignoreColumns: ['a', '5'] }],
    [['update', 'a.csv', '--literal', '-5', '--max-errors', '-5'], { literal: ['-5'], maxErrors: '-5' }],
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
    [['validate', '--jsn', 'a.csv'], 'validate has no option --jsn'],
    [['validate', '--backup', 'a.csv'], 'validate has no option --backup'],
    [['validate', 'a.csv', '--run-id', 'x'], 'validate has no option --run-id'],
    [['validate', 'a.csv', '--max_errors', '5'], 'validate has no option --max_errors'],
    [['validate', 'a.csv', '--input', 'b.csv'], 'validate has no option --input'],
    [['validate', 'a.csv', '--$0', 'b.csv'], 'validate has no option --$0'],
    [['validate', 'a.csv', '--json.x'], 'validate has no option --json.x'],
    [['validate', 'a.csv', '--a.b', '1'], 'validate has no option --a.b'],
    [['validate', 'a.csv', '--__proto__.x', '1'], 'validate has no option --__proto__.x'],
    [['validate', 'a.csv', '--__proto__', 'x'], 'validate has no option --___proto___'],
    [['validate', 'a.csv', '--constructor'], 'validate has no option --constructor'],
    [['validate', 'a.csv', '--toString'], 'validate has no option --toString'],
    [['validate', 'a.csv', '-j'], 'validate has no option -j'],
    [['validate', 'a.csv', '--version'], 'validate has no option --version'],
    [['validate', 'a.csv', '--no-map'], '--map needs a value'],
    [['validate', 'a.csv', '--map='], '--map needs a value'],
    [['validate', 'a.csv', '--map', '--json'], '--map needs a value'],
    [['validate', 'a.csv', '--no-literal'], '--literal needs a value'],
    [['rollback', 'x', '--dry-run=yes'], '--dry-run takes no value'],
    [['rollback', 'x', '--dryRun=1'], '--dry-run takes no value'],
    [['rollback', 'x', '--dry-run='], '--dry-run takes no value'],
    [['validate', 'a.csv', '--blank'], '--blank is none of clear, keep, reject'],
    [['validate', 'a.csv', '--blank=keep', '--blank=keep'], '--blank is given more than once'],
    [['update', 'a.csv', '--max-errors=1', '--maxErrors=2'], '--max-errors is given more than once'],
    [['update', 'a.csv', '--no-limit'], '--limit needs a whole number from 1 on'],
    [['update', 'a.csv', '--limit', '-5'], '--limit needs a whole number from 1 on'],
    [['update', 'a.csv', '--seed='], '--seed needs a whole number from 0 on'],
    [['update', 'a.csv', '--seed', ' '], '--seed needs a whole number from 0 on'],
    [['update', 'a.csv', '--seed', '7x'], '--seed needs a whole number from 0 on'],
    [['update', 'a.csv', '--seed', '1', '--seed', ''], '--seed is given more than once'],
    [['simulator', '--port', ''], '--port needs a whole number from 0 to 65535'],
    [['simulator', '--latency='], '--latency needs a whole number from 0 to 2147483647'],
    [['update', 'a.csv', '--json', 'yes'], 'update takes no further argument, and one stands behind it'],
    [['update', 'a.csv', '--', 'b.csv'], 'update takes no further argument, and one stands behind it'],
    [['state', 'show', 'a', 'b', 'c'], 'state takes no further argument, and 2 stand behind it'],
    [['validate', ''], 'no input is named: an empty text stands in its place'],
    [['simulator', 'x'], 'simulator takes no further argument, and one stands behind it'],
    [['state', 'shwo'], 'the action is none of show, forget, rebuild, baseline'],
  ])('%j is refused: %s', async (argv, message) => {
    await expect(runCommand(argv)).rejects.toMatchObject({ kind: 'USAGE', message })
  })

  it('is parsed without knowing the command, because no flag is of another type with another command', () => {
    const kinds = new Map<string, string>()
    for (const [name, { type = 'string', array = false }] of commandNames.flatMap((command) =>
      Object.entries<Flag>(commandFlags[command]),
    )) {
      const kind = JSON.stringify({ type, array })
      expect(kinds.get(name) ?? kind, name).toBe(kind)
      kinds.set(name, kind)
    }
    expect(new Set([...kinds.keys()].map(camelCase)).size).toBe(kinds.size)
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
    [['simulator', '--port', 'http'], '--port needs a whole number'],
  ])('%j ends with 2 and says why', async (args, text) => {
    const folder = freshFolder()
    const { code, stdout, stderr } = await folder.run(args)
    folder.remove()
    expect({ code, stdout }).toEqual({ code: exitCodes.USAGE, stdout: '' })
    expect(stderr).toContain(text)
  })
})
