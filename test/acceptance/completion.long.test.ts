/** What shells complete, asked of real ones where they are. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshFolder, program, usualEnvironment } from './support/command.ts'
import { commandNames, optionNames } from './support/help.ts'

const shells = ['bash', 'zsh', 'fish'] as const
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0
const scripts = new Map<string, string>()
/** A folder with a file `crm.csv`, and the command itself on PATH, which a script may ask. */
let folder = ''
const inFolder = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'))
  mkdirSync(inFolder('bin'))
  mkdirSync(inFolder('home'))
  writeFileSync(inFolder('crm.csv'), '')
  writeFileSync(inFolder('bin/rapyd-bulk'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(inFolder('bin/rapyd-bulk'), 0o755)
  for (const shell of shells) {
    const { stdout } = spawnSync(inFolder('bin/rapyd-bulk'), ['completion', shell], {
      encoding: 'utf8',
      env: usualEnvironment(folder),
    })
    scripts.set(shell, stdout)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const environment = () => {
  const usual = usualEnvironment(inFolder('home'))
  return { ...usual, PATH: `${inFolder('bin')}:${usual['PATH']}`, ZDOTDIR: inFolder('home'), TERM: 'dumb' }
}

/** What bash offers after these words, the last of which is being typed. It asks the function that the script has registered. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${scripts.get('bash')}
COMP_WORDS=(rapyd-bulk ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
COMP_LINE="\${COMP_WORDS[*]}"; COMP_POINT=\${#COMP_LINE}
registered=($(complete -p rapyd-bulk))
for ((at = 0; at < \${#registered[@]}; at++)); do [ "\${registered[at]}" = -F ] && function=\${registered[at + 1]}; done
$function rapyd-bulk "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    cwd: inFolder('home'),
    env: environment(),
  })
  expect(stderr).toBe('')
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
}

it.skipIf(!has('bash'))('bash is offered commands, options, and the values of options', () => {
  expect(offered('')).toEqual(expect.arrayContaining([...commandNames()]))
  expect(offered('va')).toEqual(['validate'])
  expect(offered('update', '--max')).toEqual(['--max-clears', '--max-errors', '--max-outage'])
  expect(offered('update', 'crm.csv', '--env', 's')).toEqual(['sandbox', 'simulator'])
  expect(offered('completion', '')).toEqual(shells.toSorted())
  expect(offered('state', 'fo')).toEqual(['forget'])
  expect(offered('store', '')).toEqual(['check'])
  // A file is what the shell completes by itself.
  expect(offered('update', 'crm')).toEqual([])
})

it.skipIf(!has('bash'))('bash is offered the values of an option after its equals sign', () => {
  expect(offered('update', '--env', '=', 's')).toEqual(['sandbox', 'simulator'])
  expect(offered('update', '--env', '=')).toEqual(['production', 'sandbox', 'simulator'])
})

/** What another shell offers after a line. */
function offeredBy(shell: 'fish' | 'zsh', line: string): readonly string[] {
  writeFileSync(inFolder('home/_rapyd-bulk'), scripts.get(shell) ?? '')
  writeFileSync(inFolder('home/.zshrc'), zshThatTells)
  rmSync(inFolder('home/offered'), { force: true })
  const { stdout, stderr } = spawnSync(shell, [...asking[shell], line], {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(stderr).toBe('')
  const told = shell === 'fish' ? stdout : readFileSync(inFolder('home/offered'), 'utf8')
  return told.split('\n').flatMap((each) => (each === '' ? [] : [each.replace(/\t.*/, '')]))
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
  ['rapyd-bulk state fo', ['forget']],
  // A run may be called like a command.
  ['rapyd-bulk redo state cr', ['crm.csv']],
]

it.skipIf(!has('fish')).each(lines)('fish is offered after "%s" %j', (line, expected) => {
  expect(offeredBy('fish', line)).toEqual(expected)
})

it.skipIf(!has('zsh')).each(lines)('zsh is offered after "%s" %j', (line, expected) => {
  expect(offeredBy('zsh', line)).toEqual(expected)
})

it.skipIf(!has('bash'))('bash is offered every option of every command', () => {
  for (const command of commandNames()) {
    const options = optionNames(command).map((name) => `--${name}`)
    expect(offered(command, '--')).toEqual(expect.arrayContaining(options))
  }
})

it.each(shells.filter(has))('%s takes the script', (shell) => {
  writeFileSync(inFolder('script'), scripts.get(shell) ?? '')
  const checked = spawnSync(shell, ['-n', inFolder('script')], { encoding: 'utf8' })
  expect(checked).toMatchObject({ status: 0, stderr: '' })
})

it('a shell that is not known is refused with those that are', async () => {
  const own = freshFolder()
  const { code, stdout, stderr } = await own.run(['completion', 'tcsh'])
  expect([code, stdout]).toEqual([2, ''])
  for (const shell of shells) expect(stderr).toContain(shell)
  own.remove()
})
