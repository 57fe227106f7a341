/** What shells complete, asked of a real bash where there is one; of the others, that they take the script. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commandNames, flagsOf } from '../../src/cli/command-table.ts'
import { completionScript, shells } from '../../src/cli/completion.ts'
import { freshFolder } from '../support/command.ts'

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** What bash offers behind these words, the last of which is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=(rapyd-bulk ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_rapyd_bulk; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

it.skipIf(!has('bash'))('bash is offered commands, options, and the values of options', () => {
  expect(offered('')).toEqual([...commandNames, '--help', '--version'])
  expect(offered('va')).toEqual(['validate'])
  expect(offered('update', '--max')).toEqual(['--max-clears', '--max-errors', '--max-outage'])
  expect(offered('update', 'crm.csv', '--env', 's')).toEqual(['sandbox', 'simulator'])
  expect(offered('completion', '')).toEqual([...shells])
  expect(offered('state', 're')).toEqual(['rebuild'])
  // A file: the shell's own business.
  expect(offered('update', 'crm')).toEqual([])
})

it.each(shells)(
  '%s has every option of every command, and takes the script where it is installed',
  (shell) => {
    const script = completionScript(shell)
    for (const name of commandNames)
      for (const { name: flag } of flagsOf(name))
        expect(script).toContain(shell === 'fish' ? `-l ${flag}` : `--${flag}`)
    if (!has(shell)) return
    const folder = mkdtempSync(join(tmpdir(), 'completion-'))
    writeFileSync(join(folder, 'script'), script)
    const checked = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    expect(checked).toMatchObject({ status: 0, stderr: '' })
  },
)

it('a shell that is not known is refused with those that are', async () => {
  const folder = freshFolder()
  expect(await folder.run(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('none of bash, zsh, fish'),
  })
  expect(await folder.run(['completion', 'bash'])).toMatchObject({
    code: 0,
    stdout: completionScript('bash'),
  })
  folder.remove()
})
