/** What a run draws on a terminal. */
import { describe, expect, test } from 'vitest'
import { freshFolder } from './support/command.ts'
import { hasTerminal, runOnTerminal } from './support/terminal.ts'

/** What stands on a terminal of 80 columns when a run of some moments is over. */
async function screenOf(env: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<string> {
  const folder = freshFolder()
  const rows = Array.from({ length: 30 }, (_, row) => `cus_${String(row).padStart(32, '0')},A`)
  folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
  const args = ['update', 'crm.csv', '--env', 'simulator', '--rate', '20/300ms', '--reserve', '0%', ...more]
  const { screen } = await runOnTerminal(folder.path, args, 'never asked', '', env)
  folder.remove()
  return screen
}

describe.skipIf(!hasTerminal)('on a real terminal', () => {
  test('the block is drawn in one piece each time, in colour, and is gone in the end', async () => {
    const screen = await screenOf({ TERM: 'xterm-256color', NO_COLOR: '', CI: '' })
    const frames = screen.split('\u001B[?2026l')
    expect(frames.length).toBeGreaterThan(2)
    expect(screen).toContain('\u001B[1mSending\u001B[22m')
    const end = frames.at(-1) ?? ''
    expect(end).toMatch(/^Run crm-\w+ on simulator: 30 rows/)
    expect(end).not.toContain('Sending')
  })

  test('there is no colour with --no-color', async () => {
    const screen = await screenOf({ TERM: 'xterm-256color', NO_COLOR: '', CI: '' }, '--no-color')
    expect(screen).toContain('Sending')
    expect(screen).not.toContain('\u001B[1m')
  })

  test.each([{ TERM: 'dumb' }, { TERM: 'xterm', CI: 'true', NO_COLOR: '1' }])(
    'nothing is drawn over with %j',
    async (env) => expect(await screenOf({ CI: '', ...env })).not.toContain('\u001B'),
  )
})
