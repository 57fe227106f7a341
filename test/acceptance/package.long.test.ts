/** The package as it is published: built, started, listed, and seen from a program that depends on it. */
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { execFileSync, spawnSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const publicRegistry = 'https://registry.npmjs.org/'
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}
interface Lock {
  readonly packages: Readonly<Record<string, Locked>>
}
interface BillOfMaterials {
  readonly bomFormat: string
  readonly metadata: { readonly component: unknown }
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly hashes: readonly { readonly content: string }[]
  }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/** A folder of a program that has installed what is packed; what it depends on is taken from here. */
let program = ''
let bin = ''
let tarball = ''

function node(args: readonly string[], executable = process.execPath) {
  const { status, stdout, stderr } = spawnSync(executable, args, { cwd: program, encoding: 'utf8' })
  return { status, stdout, stderr }
}

beforeAll(() => {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root })
  program = mkdtempSync(join(tmpdir(), 'package-'))
  const installed = join(program, 'node_modules')
  mkdirSync(join(installed, 'rapyd-bulk'), { recursive: true })
  npm('run', 'sbom')
  npm('pack', '--ignore-scripts', '--pack-destination', program)
  tarball = join(program, readdirSync(program).find((name) => name.endsWith('.tgz')) ?? '')
  execFileSync('tar', ['-xzf', tarball, '-C', join(installed, 'rapyd-bulk'), '--strip-components=1'])
  for (const name of Object.keys(manifest.dependencies))
    symlinkSync(join(root, 'node_modules', name), join(installed, name))
  bin = join(installed, 'rapyd-bulk', 'dist', 'cli', 'bin.mjs')
  writeFileSync(join(program, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(program, { recursive: true }))

describe('the built command', () => {
  it('shows its help', () => {
    expect(node([bin, '--help'])).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('validate'),
    })
  })

  it('does its work', () => {
    const { status, stdout } = node([bin, 'validate', join(root, 'samples', 'first.csv'), '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 3, calls: 3, invalid: 0 })
  })

  it('starts with no file of TypeScript', () => {
    expect(readFileSync(bin, 'utf8')).not.toMatch(/'\.[^']*\.ts'/)
  })

  const old = olderNode()
  it.skipIf(old === undefined)(
    old === undefined
      ? 'refuses an older Node (skipped: every node on PATH is new enough)'
      : `refuses Node ${old.version} with one message and exit code 2`,
    () => {
      const { status, stdout, stderr } = node([bin, '--help'], old?.path)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toMatch(/^rapyd-bulk needs Node 24\.15 or newer; this is Node \d+\.\d+\.\d+\.\n.*\n$/)
    },
  )
})

describe('the package', () => {
  it('holds what is built and what explains it, and nothing else', () => {
    const output = npm('pack', '--dry-run', '--json', '--ignore-scripts')
    const paths = pathsOf(JSON.parse(output))
    const outside = paths.filter((path) => !/^(?:dist\/|docs\/[a-z-]+\.md$)/.test(path))
    expect(outside.filter((path) => path !== 'CHANGELOG.md').toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'package.json',
      'sbom.cdx.json',
      'src/mapping/mapping.schema.json',
      'src/report/html/page.css',
      'src/report/html/page.js',
    ])
    expect(paths).toContain('docs/errors.md')
    expect(paths).toContain('dist/index.js')
    expect(paths).toContain('dist/index.d.ts')
    expect(paths).toContain('dist/cli/bin.mjs')
    expect(paths).not.toContain('dist/cli/demo.js')
  })

  it('is small, runs nothing when it is installed, and maps what is built to its source', () => {
    expect(statSync(tarball).size).toBeLessThan(800_000)
    expect(Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name))).toEqual([])
    expect(existsSync(`${bin.replace('bin.mjs', 'main.js')}.map`)).toBe(true)
  })

  it('has types that are right for whoever imports it', async () => {
    const packed = createPackageFromTarballData(readFileSync(tarball))
    const analysis = await checkPackage(packed)
    // It is ESM alone: what only looks for CommonJS finds none.
    const wrong =
      analysis.types === false ? ['no types'] : analysis.problems.filter((problem) => !ofCommonJs(problem))
    expect(wrong).toEqual([])
  })

  it('gives a program its functions', () => {
    const script =
      "import('rapyd-bulk').then((all) => process.stdout.write(JSON.stringify(Object.keys(all))))"
    expect(JSON.parse(node(['--input-type=module', '-e', script]).stdout)).toEqual(
      expect.arrayContaining(['BulkUpdateError', 'bulkUpdate', 'createSimulator', 'exitCodes', 'validate']),
    )
  })

  it('gives a program its types', () => {
    writeFileSync(
      join(program, 'program.ts'),
      `import { bulkUpdate, exitCodes } from 'rapyd-bulk'
import type { UpdateOptions, UpdateResult } from 'rapyd-bulk'
const options: UpdateOptions = { input: 'crm.csv', env: 'simulator' }
export const result: Promise<UpdateResult> = bulkUpdate(options)
export const ok: 0 = exitCodes.OK
// @ts-expect-error: no such environment
export const wrong: UpdateOptions = { input: 'crm.csv', env: 'moon' }
`,
    )
    expect(compiled('program.ts')).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

describe('what it depends on', () => {
  const lock: Lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

  it('is pinned by version and SHA-512 in the lock file, which names no other source', () => {
    expect(locked.length).toBeGreaterThan(50)
    const open = locked.filter(
      ([, { integrity = '', resolved = publicRegistry, link, inBundle }]) =>
        !/^sha512-[\w+/]{86}==$/.test(integrity) ||
        !resolved.startsWith(publicRegistry) ||
        link === true ||
        inBundle === true,
    )
    expect(open).toEqual([])
    expect(locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([
      'node_modules/node',
    ])
    const ranges = Object.values<string>({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(ranges.filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })

  it('is in the bill of materials, with version and digest, and nothing else is', () => {
    const text = readFileSync(join(program, 'node_modules', 'rapyd-bulk', 'sbom.cdx.json'), 'utf8')
    const { bomFormat, metadata, components, dependencies }: BillOfMaterials = JSON.parse(text)
    expect([bomFormat, metadata.component]).toMatchObject([
      'CycloneDX',
      { name: 'rapyd-bulk', version: manifest.version, purl: `pkg:npm/rapyd-bulk@${manifest.version}` },
    ])
    const shipped = locked.filter(([, { dev }]) => dev !== true)
    const expected = shipped.map(([path, { version, integrity = '' }]) => {
      const digest = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
      return `${path.split('node_modules/').at(-1)}@${version} ${digest}`
    })
    const listed = components.map(
      ({ name, version, hashes }) => `${name}@${version} ${hashes[0]?.content ?? ''}`,
    )
    expect(new Set(listed)).toEqual(new Set(expected))
    const own = dependencies.find(({ ref }) => ref === `rapyd-bulk@${manifest.version}`)
    expect(own?.dependsOn.toSorted()).toEqual(
      Object.entries(manifest.dependencies)
        .map(([name, version]) => `${name}@${String(version)}`)
        .toSorted(),
    )
    // No path of a machine, no host of a registry.
    expect(text.replace('http://cyclonedx.org/', '')).not.toMatch(/https?:|file:\/|"\/|[A-Z]:\\/)
    expect(text).not.toContain(root)
  })

  it.each([
    ['verified', { invalid: [], missing: [] }, 0, /has a valid signature for each/],
    ['wrong', { invalid: [{ name: 'a', version: '1.0.0' }], missing: [] }, 1, /Invalid signature: a@1\.0\.0/],
    ['missing', { invalid: [], missing: [{ name: 'b', version: '2.0.0' }] }, 1, /No signature: b@2\.0\.0/],
    ['not offered', { error: { summary: 'no supported registry' } }, 2, /not checked: no supported registry/],
  ])('has signatures that are %s: npm run check:signatures says so', (_what, answer, status, text) => {
    const npmOfTest = join(program, 'npm.cjs')
    writeFileSync(npmOfTest, `process.stdout.write(${JSON.stringify(JSON.stringify(answer))})`)
    const script = join(root, 'test', 'package', 'signatures.ts')
    const env = { ...process.env, npm_execpath: npmOfTest }
    const found = spawnSync(process.execPath, [script], { env, encoding: 'utf8' })
    expect(found).toMatchObject({ status, stdout: expect.stringMatching(text) })
  })
})

describe('the samples for programs', () => {
  const samples = readdirSync(join(root, 'samples', 'library'))

  it('compile', () => {
    for (const sample of samples)
      copyFileSync(join(root, 'samples', 'library', sample), join(program, sample))
    expect(compiled(...samples)).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['update-file.ts', 0, /^3 calls to simulator$.*^reporting: 3 of 3$.*^finished\. /ms],
    ['update-records.ts', 0, /^3 cus_3{32} invalid E_EMAIL$.*^2 updated; /ms],
    ['validate-records.ts', 0, /^2 rows, 1 calls, 1 invalid\nE_PHONE phone_number in row 2: /],
    ['test-with-simulator.ts', 0, /^as expected\n$/],
  ])('%s runs', (sample, status, output) => {
    copyFileSync(join(root, 'samples', 'first.csv'), join(program, 'first.csv'))
    expect(samples).toContain(sample)
    expect(node([sample])).toEqual({ status, stdout: expect.stringMatching(output), stderr: '' })
  })
})

/** What the compiler says of files in the folder of the program. */
function compiled(...files: readonly string[]) {
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext']
  const types = ['--target', 'es2024', '--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
  return node([tsc, ...strict, ...types, ...files])
}

function ofCommonJs(problem: Problem): boolean {
  return 'resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)
}

function npm(...args: readonly string[]): string {
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }
  const path = process.env['npm_execpath']
  return path === undefined
    ? execFileSync('npm', args, options)
    : execFileSync(process.execPath, [path, ...args], options)
}

/** npm prints a list, or since version 11 an object by package name. */
function pathsOf(output: unknown): string[] {
  const packed: unknown[] = Array.isArray(output) ? output : Object.values(Object(output))
  return packed.flatMap((each) => {
    const files: unknown = Object(each).files
    return Array.isArray(files) ? files.map((file) => String(Object(file).path)) : []
  })
}

/** A Node on PATH that is older than the package asks for. */
function olderNode(): { readonly path: string; readonly version: string } | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    const version = (stdout ?? '').trim().replace('v', '')
    const major = Number(version.split('.')[0])
    if (major > 0 && major < 24) return { path, version }
  }
  return undefined
}
