import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandFlags, senderFlags, simulatorFlags } from '../../src/cli/flags.ts'
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
    for (const command of [
      'update <input>',
      'validate <input>',
      'init <input>',
      'plan <input>',
      'apply <plan>',
      'redo <run>',
      'runs',
      'report <run>',
      'simulator',
    ])
      expect(help).toContain(command)
  })

  it.each([
    ['update', commandFlags.update],
    ['validate', commandFlags.validate],
    ['init', commandFlags.init],
    ['plan', commandFlags.plan],
    ['apply', commandFlags.apply],
    ['redo', commandFlags.redo],
    ['runs', commandFlags.runs],
    ['report', commandFlags.report],
    ['simulator', simulatorFlags],
  ])('of %s names every option of the table with what it is for, and shows an example', (command, flags) => {
    const help = helpOf(command)
    for (const [name, { describe: text }] of Object.entries(flags)) {
      expect(help).toContain(` --${name} `)
      expect(help).toContain(text)
    }
    expect(help).toContain(`rapyd-bulk ${command}`)
  })

  it('leaves the options of senders out where nothing is sent', () => {
    const help = helpOf('validate')
    for (const name of Object.keys(senderFlags)) expect(help).not.toContain(` --${name} `)
  })
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
