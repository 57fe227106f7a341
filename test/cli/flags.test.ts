import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandNames, commands, usageOf } from '../../src/cli/command-table.ts'
import { flagsOf } from '../../src/cli/flags.ts'
import { helpText } from '../../src/cli/help.ts'
import { exitCodes } from '../../src/errors.ts'

const root = join(import.meta.dirname, '..', '..')

function helpOf(...command: readonly string[]): string {
  const args = [join(root, 'src', 'cli', 'bin.mjs'), ...command, '--help']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  // Descriptions are wrapped to the width of the terminal.
  return stdout.replaceAll(/\s+/g, ' ')
}

describe('--help', () => {
  it('names every command', () => {
    const help = helpOf()
    for (const name of commandNames) expect(help).toContain(` ${usageOf(name)} ${commands[name].summary} `)
  })

  it.each(commandNames)(
    'of %s names every option of the table with what it is for, and shows an example',
    (name) => {
      const help = helpText(name, 80).replaceAll(/\s+/g, ' ')
      for (const { flag, describe: text } of flagsOf(name)) {
        expect(help).toContain(` --${flag} `)
        expect(help).toContain(text)
      }
      expect(commands[name].examples.length).toBeGreaterThan(0)
      for (const [line] of commands[name].examples) expect(help).toContain(line)
    },
  )

  it('leaves the options of senders out where nothing is sent', () => {
    const help = helpOf('validate')
    for (const { flag, option } of flagsOf('rollback'))
      if (!option.commands.some((name) => name === 'validate')) expect(help).not.toContain(` --${flag} `)
  })

  it.each([20, 40, 80, 120])('is no wider than %i columns, but for words and lines to copy', (columns) => {
    for (const name of [undefined, ...commandNames])
      for (const line of helpText(name, columns).split('\n'))
        if (!/^ *(?:\S+|--.*|<.*|Usage: .*|.*rapyd-bulk .*|\w+ <\w+>)$/.test(line))
          expect(line.length, line).toBeLessThanOrEqual(columns)
  })

  it('is also -h, and stands behind the command', () => {
    expect(helpOf('redo', 'some-run', '-h')).toContain('Usage: rapyd-bulk redo <run>')
  })
})

describe('examples in the help', () => {
  it.each(commandNames.flatMap((name) => commands[name].examples.map(([line]) => [line])))(
    '%s name only options of their command',
    (line) => {
      const [, name = '', rest = ''] = /rapyd-bulk (\w+)(.*)/.exec(line) ?? []
      const command = commandNames.find((known) => known === name)
      if (command === undefined) throw new Error(`no command ${name}`)
      for (const [, flag = ''] of rest.matchAll(/--([a-z-]+)/g))
        expect(flagsOf(command).map((each) => each.flag)).toContain(flag.replace(/^no-/, ''))
    },
  )
})

describe('the exit codes', () => {
  it('are the documented ones', () => {
    expect(exitCodes).toEqual({
      OK: 0,
      ROWS: 1,
      USAGE: 2,
      INPUT: 3,
      AUTH: 4,
      REMOTE: 5,
      LOCAL: 6,
      BUSY: 7,
      BUG: 70,
      SIGINT: 130,
      SIGTERM: 143,
    })
  })

  it('all stand in the README', () => {
    const rows = readFileSync(join(root, 'README.md'), 'utf8').match(/^\| \d[\d, ]*/gm) ?? []
    const named = rows.join(' ').match(/\d+/g) ?? []
    expect(named.map(Number)).toEqual(Object.values(exitCodes))
  })
})
