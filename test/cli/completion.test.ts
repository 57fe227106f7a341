/** What shells complete, asked of real ones where they are. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

it.skipIf(!has('bash'))('bash is offered the values of an option behind its equals sign', () => {
  expect(offered('update', '--env', '=', 's')).toEqual(['sandbox', 'simulator'])
  expect(offered('update', '--env', '=')).toEqual(['sandbox', 'production', 'simulator'])
})

/** In a folder with a file `crm.csv` and, for shells that want to find it, a command of the name. */
function offeredBy(shell: 'fish' | 'zsh', line: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'))
  const inFolder = (name: string) => join(folder, name)
  try {
    mkdirSync(inFolder('bin'))
    mkdirSync(inFolder('home'))
    writeFileSync(inFolder('crm.csv'), '')
    writeFileSync(inFolder('bin/rapyd-bulk'), '', { mode: 0o755 })
    writeFileSync(inFolder('home/_rapyd-bulk'), completionScript(shell))
    writeFileSync(inFolder('home/.zshrc'), zshThatTells)
    const env = { HOME: inFolder('home'), ZDOTDIR: inFolder('home'), TERM: 'dumb' }
    const { stdout, stderr } = spawnSync(shell, [...asking[shell], line], {
      cwd: folder,
      env: { ...env, PATH: `${inFolder('bin')}:${process.env['PATH'] ?? ''}` },
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect(stderr).toBe('')
    const told = shell === 'fish' ? stdout : readFileSync(inFolder('home/offered'), 'utf8')
    return told.split('\n').flatMap((each) => (each === '' ? [] : [each.replace(/\t.*/, '')]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** zsh completes only where somebody types, so it is typed to a second one, which writes down what it would offer. */
const asking = {
  fish: ['-c', 'source $HOME/_rapyd-bulk; complete -C $argv[1]'],
  zsh: [
    '-f',
    '-c',
    String.raw`zmodload zsh/zpty; zpty typed zsh -i; zpty -w -n typed "$1"$'\t'; zpty -r typed line '*completed*'`,
    'zsh',
  ],
}

const zshThatTells = String.raw`
touch $ZDOTDIR/offered
fpath=($ZDOTDIR $fpath); autoload -U compinit; compinit -u -D
compadd() {
  local -a hits
  if [[ ${'$'}{@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  builtin compadd -A hits "$@"; (( $#hits )) && print -rl -- $hits >> $ZDOTDIR/offered
  builtin compadd "$@"
}
told() { print completed }
comppostfuncs=(told)
`

const lines: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['rapyd-bulk va', ['validate']],
  ['rapyd-bulk --v', ['--version']],
  ['rapyd-bulk update --max', ['--max-clears', '--max-errors', '--max-outage']],
  ['rapyd-bulk update --he', ['--help']],
  ['rapyd-bulk update crm.csv --env s', ['sandbox', 'simulator']],
  ['rapyd-bulk update cr', ['crm.csv']],
  ['rapyd-bulk update --map cr', ['crm.csv']],
  // No file is a rate.
  ['rapyd-bulk update --rate ', []],
  ['rapyd-bulk state re', ['rebuild']],
  // A run may be called like a command.
  ['rapyd-bulk redo state cr', ['crm.csv']],
]

it.skipIf(!has('fish')).each(lines)('fish is offered behind "%s" %j', (line, expected) => {
  expect(offeredBy('fish', line)).toEqual(expected)
})

it.skipIf(!has('zsh')).each(lines)('zsh is offered behind "%s" %j', (line, expected) => {
  expect(offeredBy('zsh', line)).toEqual(expected)
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
