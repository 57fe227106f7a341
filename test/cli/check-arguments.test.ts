import { describe, expect, it } from 'vitest'
import { checkArguments } from '../../src/cli/check-arguments.ts'
import { commandFlags } from '../../src/cli/flags.ts'
import { exitCodes } from '../../src/errors.ts'
import { freshFolder } from '../support/command.ts'

const check = (command: string, args: Readonly<Record<string, unknown>>) => () =>
  checkArguments({ _: [command], $0: 'rapyd-bulk', input: 'crm.csv', ...args })

describe('an argument', () => {
  it.each([
    ['update', { concurency: 4 }, 'update has no option --concurency', 'Did you mean --concurrency?'],
    ['update', { 'runs-dri': 'x', runsDri: 'x' }, 'no option --runs-dri', 'Did you mean --runs-dir?'],
    ['update', { q: true }, 'update has no option -q', 'See rapyd-bulk update --help.'],
    ['validate', { concurrency: 4 }, 'validate has no option --concurrency', 'validate --help'],
    ['simulator', { faluts: 'x' }, 'simulator has no option --faluts', 'Did you mean --faults?'],
    ['udpate', {}, 'there is no command "udpate"', 'Did you mean "update"?'],
    [
      'update',
      { _: ['update', 'b.csv'] },
      'update takes no further argument, and one stands behind it',
      'update --help',
    ],
    ['update', { blank: 'kep' }, '--blank is none of clear, keep, reject', 'Did you mean "keep"?'],
    ['update', { env: '' }, '--env is none of sandbox, production, simulator', '--env sandbox'],
    ['update', { limit: [3, 4] }, '--limit is given more than once', 'Keep the one'],
    ['update', { env: ['sandbox', 'production'] }, '--env is given more than once', 'Keep the one'],
    ['update', { 'run-id': '', runId: '' }, '--run-id needs a value', '--run-id'],
    ['update', { 'run-id': false, runId: false }, '--run-id needs a value', '--run-id'],
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

  it.each([
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

describe('the command line', () => {
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
