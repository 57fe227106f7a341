import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandNames, commands } from '../../../src/cli/command-table.ts'
import { toFlag, optionTable, type CommandName } from '../../../src/config/options.ts'
import { exitCodes } from '../../../src/model/errors.ts'
import optionTexts from '../../../src/config/option-texts.json' with { type: 'json' }
import { freshFolder } from '../../acceptance/support/command.ts'

async function helpOf(...args: readonly string[]): Promise<string> {
  const folder = freshFolder()
  const { code, stdout, stderr } = await folder.run(args)
  folder.remove()
  expect({ code, stderr }).toEqual({ code: exitCodes.OK, stderr: '' })
  return stdout
}

const asLine = (text: string) => text.replaceAll(/\s+/g, ' ')

interface Text {
  readonly help: string
  readonly helpOf?: Readonly<Record<string, string>>
}
const texts: Readonly<Record<string, Text>> = optionTexts

function optionsOf(command: CommandName) {
  return [...optionTable].filter(
    ([, { commands: takers, program }]) => program !== true && takers.includes(command),
  )
}

describe('--help', () => {
  it('names every command', async () => {
    const help = asLine(await helpOf('--help'))
    for (const name of commandNames) expect(help).toMatch(new RegExp(` ${name} .*${commands[name].summary} `))
  })

  it.each(commandNames)(
    'of %s names every option with help, value, choices and default, and shows examples',
    async (name) => {
      const text = await helpOf(name, '--help')
      const help = asLine(text)
      for (const [option, { type, value, default: preset }] of optionsOf(name)) {
        const { help: general, helpOf: own }: Text = texts[option] ?? { help: 'no text' }
        const isOn = type === 'boolean' && preset === true
        expect(help).toContain(` --${isOn ? 'no-' : ''}${toFlag(option)} ${value ?? ''}`.trimEnd())
        expect(help).toContain(own?.[name] ?? general)
      }
      for (const line of Object.keys(commands[name].examples)) expect(text).toContain(`\n  ${line}\n`)
    },
  )

  it('has the options in groups, with names for their values', async () => {
    const help = await helpOf('update', '--help')
    expect(help.match(/^\w+:$/gm)).toEqual(
      ['Positionals', 'Input', 'Safety', 'Rate', 'Output', 'Simulator', 'General', 'Options', 'Examples'].map(
        (group) => `${group}:`,
      ),
    )
    expect(asLine(help)).toContain('--concurrency N Maximum number of requests in flight [default: 16]')
    expect(asLine(help)).toContain('[choices: "clear", "keep", "reject"] [default: clear]')
    expect(asLine(help)).toContain(
      '--runs-dir DIR Where the files of runs are written [default: ./rapyd-runs]',
    )
  })

  it('leaves out what a command does not take', async () => {
    const help = await helpOf('validate', '--help')
    for (const [option, { commands: takers }] of optionTable)
      if (!takers.some((name) => name === 'validate')) expect(help).not.toContain(` --${toFlag(option)} `)
  })

  it('is also `help <command>`, -h, and works after the words of a command', async () => {
    const help = await helpOf('redo', '--help')
    expect(await helpOf('help', 'redo')).toBe(help)
    expect(await helpOf('redo', 'some-run', '-h')).toBe(help)
    expect(await helpOf('help')).toBe(await helpOf('--help'))
  })

  it('is no wider than the terminal, but for lines to copy', async () => {
    for (const name of commandNames)
      for (const line of (await helpOf(name, '--help')).split('\n'))
        if (!line.includes('rapyd-bulk ')) expect(line.length, line).toBeLessThanOrEqual(80)
  })
})

describe('examples in the help', () => {
  it.each(commandNames.flatMap((name) => Object.keys(commands[name].examples)))(
    '%s name only options of their command',
    (line) => {
      const [, name = '', rest = ''] = /rapyd-bulk (\w+)(.*)/.exec(line) ?? []
      const command = commandNames.find((known) => known === name)
      if (command === undefined) throw new Error(`no command ${name}`)
      const flags = optionsOf(command).map(([option]) => toFlag(option))
      for (const [, flag = ''] of rest.matchAll(/--([a-z-]+)/g)) expect(flags).toContain(flag)
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

  it('are all in the README', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8')
    const named = (readme.match(/^\| \d[\d, ]*/gm) ?? []).join(' ').match(/\d+/g) ?? []
    expect(named.map(Number)).toEqual(Object.values(exitCodes))
  })
})
