import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refuseKeys } from '../../../src/cli/main.ts'
import { readKey } from '../../../src/config/environment.ts'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
  path = join(folder, 'key')
})
afterEach(() => rmSync(folder, { recursive: true }))

const fromFile = () => readKey('RAPYD_SECRET_KEY', { RAPYD_SECRET_KEY_FILE: path, RAPYD_SECRET_KEY: 'other' })
const write = (text: string, mode: number) => {
  writeFileSync(path, text)
  chmodSync(path, mode)
}

describe('a key', () => {
  it.each([
    [{}, undefined],
    [{ RAPYD_ACCESS_KEY: '' }, undefined],
    [{ RAPYD_ACCESS_KEY: '  ' }, undefined],
    [{ RAPYD_ACCESS_KEY: ' abc\n' }, 'abc'],
    [{ RAPYD_ACCESS_KEY: 'abc', RAPYD_ACCESS_KEY_FILE: '' }, 'abc'],
    [{ RAPYD_SECRET_KEY: 'abc' }, undefined],
  ])('in the environment %j is %s', (env, key) => {
    expect(readKey('RAPYD_ACCESS_KEY', env)).toBe(key)
  })

  it.each([0o600, 0o400])('comes from a file of mode %o, which goes before the variable', (mode) => {
    write('abc\n', mode)
    expect(fromFile()).toBe('abc')
  })

  it.each<[string, () => void, string]>([
    ['is missing', () => {}, 'does not exist'],
    ['is a directory', () => mkdirSync(path), 'is not a regular file'],
    ['is a link', () => symlinkSync('/dev/null', path), 'is not a regular file'],
    ['may be read by its group', () => write('abc', 0o640), 'chmod 600'],
    ['may be read by all', () => write('abc', 0o604), 'chmod 600'],
    ['may be written by all', () => write('abc', 0o602), 'chmod 600'],
    ['is empty', () => write('\n', 0o600), 'is empty'],
    ['is no key', () => write('k'.repeat(5_000), 0o600), 'is too long for a key'],
    ['is a pipe', () => void execFileSync('mkfifo', ['-m', '600', path]), 'is not a regular file'],
  ])('does not come from a file that %s', (_what, make, reason) => {
    make()
    expect(fromFile).toThrow(
      expect.objectContaining({
        kind: 'USAGE',
        code: 'E_KEY_FILE',
        message: expect.stringMatching(new RegExp(`^RAPYD_SECRET_KEY_FILE: .*${reason}`)),
      }),
    )
  })
})

describe('arguments', () => {
  const access = '0123456789ABCDEF0123'
  const secret = '0123456789abcdef'.repeat(5)
  it.each([
    [['update', 'crm.csv', access]],
    [['update', 'crm.csv', secret]],
    [['update', `--run-id=${secret}`]],
    [['update', 'rak_0123456789abcdef']],
    [['update', 'rsk_0123456789abcdef']],
    [['update', 'sk_0123456789abcdef']],
    [['update', '--access-key', 'x']],
    [['update', '--secret_key=x']],
    [['update', '--secretKey', 'x']],
    [['update', '-api-key=x']],
  ])('that hold a key are refused and not repeated: %j', (argv) => {
    const refuse = () => refuseKeys(argv, {})
    expect(refuse).toThrow(expect.objectContaining({ kind: 'USAGE', code: 'E_KEY_ARGUMENT' }))
    expect(refuse).not.toThrow(/0123456789/)
  })

  it.each([
    [['update', 'crm.csv', '--rate', '200/1m,1000/5m']],
    [['update', 'task_list_export_2026.csv']],
    [['update', '--run-id', 'crm-0123456789']],
    [['update', 'cus_d3ed65d5091a8398cc3651bcedec1201.csv']],
    [['update', 'a'.repeat(63)]],
    [[]],
  ])('that only look a little like one pass: %j', (argv) => {
    expect(() => refuseKeys(argv, {})).not.toThrow()
  })

  it('takes a key of the environment for one, whatever it looks like', () => {
    const env = { RAPYD_ACCESS_KEY: 'odd access key', RAPYD_SECRET_KEY: '' }
    expect(() => refuseKeys(['update', 'odd access key'], env)).toThrow('keys are not accepted')
    expect(() => refuseKeys(['update', ''], env)).not.toThrow()
  })
})
