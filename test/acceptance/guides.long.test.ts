/**
 * The guides do what they say: every command in them is run as written, in the order of its guide, in a fresh folder with
 * the files that the guides speak of, against a simulator that stands for the sandbox.
 *
 * A command ends with 0, or with the code that its line names (`# exit 1`). What stands before a block: `<!-- file: NAME -->`
 * makes it a file of the folder, `<!-- not run: WHY -->` leaves it out.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/index.ts'
import { program, usualEnvironment } from './support/command.ts'

const root = join(import.meta.dirname, '..', '..')
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const keys = { RAPYD_ACCESS_KEY: 'docs-access', RAPYD_SECRET_KEY: 'docs-secret' }
/** The run that the guides speak of; a real one has other digits. */
const exampleRun = /\bcrm-export-3f2a9c01d4\b/g

interface Block {
  readonly directive: string
  readonly language: string
  readonly text: string
}

function blocksOf(guide: string): Block[] {
  const text = readFileSync(join(root, 'docs', guide), 'utf8')
  return [...text.matchAll(/(?:<!-- (.+?) -->\n\n?)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, directive = '', language = '', body = '']) => ({ directive, language, text: body }),
  )
}

function commandsOf({ text }: Block): { readonly command: string; readonly exitCode: number }[] {
  const lines = text.replace(/\\\n\s*/g, '').split('\n')
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({
      command: line.replace(/\s+#.*$/, ''),
      exitCode: Number(/#.*\bexit (\d+)/.exec(line)?.[1] ?? 0),
    }))
}

const isRun = ({ directive, language }: Block): boolean =>
  language === 'sh' && !directive.startsWith('not run')

describe.each(guides.filter((guide) => blocksOf(guide).some(isRun)))('docs/%s', (guide) => {
  let simulator: Simulator
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-docs-'))
    cpSync(join(root, 'test', 'docs'), folder, { recursive: true })
    mkdirSync(join(folder, '.bin'))
    const shim = join(folder, '.bin', 'rapyd-bulk')
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
    chmodSync(shim, 0o755)
    simulator = await createSimulator({ accessKey: keys.RAPYD_ACCESS_KEY, secretKey: keys.RAPYD_SECRET_KEY })
  })
  afterAll(async () => {
    await simulator.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function realRun(): string {
    const runs = existsSync(join(folder, 'rapyd-runs')) ? readdirSync(join(folder, 'rapyd-runs')) : []
    return runs.find((name) => /^crm-export-[0-9a-f]{10}$/.test(name)) ?? 'crm-export-0000000000'
  }

  function run(command: string): Promise<{ readonly code: number | null; readonly printed: string }> {
    const env = usualEnvironment(folder)
    const child = spawn('sh', ['-c', command.replace(exampleRun, realRun)], {
      cwd: folder,
      env: { ...env, RAPYD_BASE_URL: simulator.url, ...keys, PATH: `${join(folder, '.bin')}:${env['PATH']}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    child.stdout.on('data', (text) => (printed += String(text)))
    child.stderr.on('data', (text) => (printed += String(text)))
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, printed }))
    })
  }

  for (const block of blocksOf(guide)) {
    const [, file] = /^file: (\S+)$/.exec(block.directive) ?? []
    if (file !== undefined) it(`${file} can be written`, () => writeFileSync(join(folder, file), block.text))
    if (!isRun(block)) continue
    for (const { command, exitCode } of commandsOf(block)) {
      it(`${command} ends with ${exitCode}`, async () => {
        const { code, printed } = await run(command)
        expect(code, printed).toBe(exitCode)
      })
    }
  }
})

describe('the guides', () => {
  it.each([...guides.map((name) => `docs/${name}`), 'README.md'])(
    '%s links only to what is there',
    (name) => {
      const text = readFileSync(join(root, name), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
      const broken = links.filter((link) => !existsSync(join(root, name, '..', link)))
      expect(broken).toEqual([])
    },
  )
})
