/** What is accepted and what is refused, and what a command is given. The commands themselves are replaced. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from '../../../src/cli/command-line.ts'
import { optionTable } from '../../../src/config/options.ts'
import { exitCodes } from '../../../src/model/errors.ts'
import { freshFolder } from '../../acceptance/support/command.ts'

/** What the last command was given. */
const given = vi.hoisted(() => ({ name: '', args: {} }))

vi.mock('../../../src/cli/commands/update.ts', () => ({ update: (args: object) => keep('update', args) }))
vi.mock('../../../src/cli/commands/validate.ts', () => ({
  validate: (args: object) => keep('validate', args),
}))
vi.mock('../../../src/cli/commands/init.ts', () => ({ init: (args: object) => keep('init', args) }))
vi.mock('../../../src/cli/commands/rollback.ts', () => ({
  rollback: (args: object) => keep('rollback', args),
}))
vi.mock('../../../src/cli/commands/runs.ts', () => ({ runs: (args: object) => keep('runs', args) }))
vi.mock('../../../src/cli/commands/simulator.ts', () => ({
  simulate: (args: object) => keep('simulator', args),
}))
vi.mock('../../../src/cli/commands/state.ts', () => ({ state: (args: object) => keep('state', args) }))

function keep(name: string, args: object): number {
  Object.assign(given, { name, args })
  return 0
}

beforeEach(() => void Object.assign(given, { name: '', args: {} }))

async function read(...argv: readonly string[]): Promise<object> {
  expect(await runCommandLine(argv)).toBe(0)
  return { name: given.name, ...given.args }
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
  ])('%j is read as %j', async (argv, expected) => expect(await read(...argv)).toMatchObject(expected))

  it.each([
    [[], 'No command given'],
    [['--'], 'No command given'],
    [['--json'], 'No command given'],
    [['-'], 'Unknown command: -'],
    [['constructor'], 'Unknown command: constructor'],
    [['__proto__'], 'Unknown command: __proto__'],
    [['validate', '--jsn', 'a.csv'], 'Unknown option: --jsn'],
    [['validate', '--backup', 'a.csv'], 'Unknown option: --backup'],
    [['validate', 'a.csv', '--run-id', 'x'], 'Unknown option: --run-id'],
    [['validate', 'a.csv', '--max_errors', '5'], 'Unknown option: --max_errors'],
    [['validate', 'a.csv', '--input', 'b.csv'], 'Unknown option: --input'],
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
    [['update', 'a.csv', '--no-limit'], '--limit needs a value'],
    [['update', 'a.csv', '--limit', '-5'], 'use a whole number, 1 or more'],
    [['update', 'a.csv', '--seed='], 'use a whole number, 0 or more'],
    [['update', 'a.csv', '--seed', ' '], 'use a whole number, 0 or more'],
    [['update', 'a.csv', '--seed', '7x'], 'use a whole number, 0 or more'],
    [['update', 'a.csv', '--seed', '1', '--seed', ''], '--seed is given more than once'],
    [['simulator', '--port', ''], 'use a whole number, 0 to 65535'],
    [['simulator', '--latency='], 'use a whole number, 0 to 2147483647'],
    [['update', 'a.csv', '--json', 'yes'], 'Unexpected argument: yes'],
    [['update', 'a.csv', '--', 'b.csv'], 'Unexpected argument: b.csv'],
    [['state', 'show', 'a', 'b', 'c'], 'Unexpected arguments: b, c'],
    [['validate', ''], 'Missing argument: <input>'],
    [['simulator', 'x'], 'Unexpected argument: x'],
    [['update', 'a.csv', '--concurency', '4'], 'Unknown option: --concurency'],
    [['update', 'a.csv', '--runs-dri', 'x'], 'Unknown option: --runs-dri'],
    [['update', 'a.csv', '--blank', 'kep'], 'Invalid --blank "kep": use clear, keep or reject'],
    [['update', 'a.csv', '--env', 'sim'], 'Invalid --env "sim": use sandbox, production or simulator'],
    [['update', 'a.csv', '--env='], 'Invalid --env "": use'],
    [
      ['update', 'a.csv', '--concurrency', '1.5'],
      'Invalid --concurrency "1.5": use a whole number, 1 to 1000',
    ],
    [['update', 'a.csv', '--concurrency', '1001'], 'use a whole number, 1 to 1000, such as 16'],
    [['update', 'a.csv', '--limit', '0'], 'Invalid --limit "0": use a whole number, 1 or more, such as 5'],
    [['simulator', '--port', '65536'], 'Invalid --port "65536": use a whole number, 0 to 65535'],
    [
      ['update', 'a.csv', '--max-outage', '5'],
      'Invalid --max-outage "5": use a duration such as 90s, 30m or 6h',
    ],
  ])('%j is refused: %s', async (argv, message) => {
    await expect(runCommandLine(argv)).rejects.toMatchObject({
      kind: 'USAGE',
      message: expect.stringContaining(message),
    })
  })
})

describe('an option', () => {
  it('that is a number has a range', () => {
    for (const { type, range } of optionTable.values()) expect(range !== undefined).toBe(type === 'number')
  })

  it.each([
    [['update', 'a.csv', '--concurency', '4'], 'Did you mean --concurrency? See rapyd-bulk update --help.'],
    [['update', 'a.csv', '--runs-dri', 'x'], 'Did you mean --runs-dir?'],
    [['simulator', '--faluts', 'x'], 'Did you mean --faults?'],
    [['update', 'a.csv', '--blank', 'kep'], 'Did you mean "keep"?'],
    [['udpate', 'a.csv'], 'Did you mean "update"?'],
    [['update', 'a.csv', '--dry-run'], 'To see what would change: rapyd-bulk plan.'],
    [['update', 'a.csv', '-q'], 'To print errors only: --quiet.'],
  ])('or a command of %j that is misspelt, or called so elsewhere, is named: %s', async (argv, remedy) => {
    await expect(runCommandLine(argv)).rejects.toMatchObject({ remedy: expect.stringContaining(remedy) })
  })

  it('is given to the command as the table types it', async () => {
    const line = [
      'update',
      'a.csv',
      '--max-outage',
      '90s',
      '--ignore-columns',
      'a,b',
      '--limit=5',
      '--no-color',
    ]
    expect(await read(...line)).toEqual({
      name: 'update',
      input: 'a.csv',
      maxOutageMs: 90_000,
      ignoreColumns: ['a,b', 'a', 'b'],
      limit: 5,
      color: false,
    })
  })
})

describe('the program', () => {
  it.each([
    [[], 'No command given'],
    [['update'], 'Missing argument: <input>'],
    [['redo'], 'Missing argument: <run>'],
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
