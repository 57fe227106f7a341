/** Files in a wrong encoding: what `validate` warns of, what `update` refuses, and which encodings a refusal names. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const csvOf = (names: readonly string[], count = names.length): string =>
  Array.from({ length: count }, (_, row) => `${id(row)},"${names[row % names.length] ?? ''}"\n`).join('')
const header = 'customer,name\n'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

async function warningsOf(...args: readonly string[]): Promise<readonly unknown[]> {
  const { stdout } = await folder.run(['validate', ...args, '--json'])
  const { warnings }: { warnings: readonly { code: string; rows: number }[] } = JSON.parse(stdout)
  return warnings.map(({ code, rows }) => [code, rows])
}

describe('UTF-8 that was read as a code page', () => {
  it('gives a warning for each name, in every script (field case 09)', async () => {
    const twice = ['Ð˜Ð²Ð°Ð½ ÐŸÐµÑ‚Ñ€Ð¾Ð²', 'ÎÎ¹ÏÏÎ³Î¿Ï', 'å±±ç”°å¤ªéƒŽ', 'Ù…Ø­Ù…Ø¯ Ø¹Ù„ÙŠ', 'Ä°stanbul']
    const marks = ['Jos√© Mu√±oz', 'M√ºller', 'Jos├® Mu├▒oz', 'M├╝ller']
    folder.write('crm.csv', header + csvOf([...twice, ...marks]))
    expect(await warningsOf('crm.csv')).toEqual([['W_ENCODING', 9]])
  })

  it.each([
    ['Cyrillic and Japanese', ['Ð˜Ð²Ð°Ð½ ÐŸÐµÑ‚Ñ€Ð¾Ð²', 'å±±ç”°å¤ªéƒŽ'], 60],
    ['Mac', ['Jos√© Mu√±oz', 'M√ºller'], 60],
    ['Polish', ['Åukasz', 'ÅšwiÄ…tek', 'BÅ‚aÅ¼ej', 'GraÅ¼yna'], 45],
    ['Turkish', ['YÄ±ldÄ±z', 'Åžahin', 'DoÄŸan', 'Ä°pek'], 60],
    ['lost', ['Jos?', 'M?ller', '???? ??????'], 60],
  ])('is refused where it is common, and can be accepted: %s', async (_what, names, found) => {
    const server = await startRapydServer()
    try {
      folder.write('crm.csv', header + csvOf(names, 60))
      const command = ['update', 'crm.csv', '--base-url', server.url]
      const refused = await folder.run(command, server.keys)
      expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('[E_DAMAGED_FILE]') })
      expect(refused.stderr).toContain(`${found} of 60 sampled rows`)
      expect(server.updates).toHaveLength(0)
      expect(
        (await folder.run([...command, '--accept-change', 'damage', '--rate', 'none'], server.keys)).code,
      ).toBe(0)
    } finally {
      await server.close()
    }
  })
})

function bytesOf(hex: readonly string[]): Buffer {
  const rows = hex.map((name, row) => [
    Buffer.from(`${id(row)},`),
    Buffer.from(name, 'hex'),
    Buffer.from('\n'),
  ])
  return Buffer.concat([Buffer.from(header), ...rows.flat()])
}

describe('a file in a code page (field case 11)', () => {
  const files: readonly (readonly [encoding: string, hex: readonly string[], names: readonly string[]])[] = [
    [
      'windows-1250',
      ['a3756b61737a205761b3ea7361', '8e656c6a6b6f2044766ff8e16b'],
      ['Łukasz Wałęsa', 'Željko Dvořák'],
    ],
    ['windows-1251', ['c8e2e0ed20cfe5f2f0eee2', 'c0ededf3'], ['Иван Петров', 'Анну']],
    ['windows-1254', ['59fd6c64fd7a', 'de6168696e'], ['Yıldız', 'Şahin']],
    ['macintosh', ['4a6f738e204d75966f7a', '4d9f6c6c6572'], ['José Muñoz', 'Müller']],
  ]

  it.each(files)(
    'is refused with %s among the candidates, and never a whole cell',
    async (encoding, hex, names) => {
      folder.write('crm.csv', bytesOf(hex))
      const { code, stderr } = await folder.run(['validate', 'crm.csv'])
      expect([code, /\[(\w+)\]/.exec(stderr)?.[1]]).toEqual([3, 'E_ENCODING'])
      expect(stderr).toMatch(new RegExp(`--encoding ${encoding} \\(\\S`))
      expect(stderr.match(/--encoding [\w-]+ \(/g)?.length).toBeGreaterThan(2)
      for (const name of names.flatMap((text) => text.split(' '))) expect(stderr).not.toContain(name)
    },
  )

  it.each(files)(
    '%s is read as it is named, and a warning follows windows-1252',
    async (encoding, hex, names) => {
      folder.write('crm.csv', bytesOf(hex))
      expect(await warningsOf('crm.csv', '--encoding', 'windows-1252')).toEqual([['W_ENCODING', 2]])
      expect(await warningsOf('crm.csv', '--encoding', encoding)).toEqual([])
      const server = await startRapydServer()
      try {
        await folder.run(['update', 'crm.csv', '--encoding', encoding, '--base-url', server.url], server.keys)
        expect(names.map((_, row) => server.customer(id(row)))).toEqual(names.map((name) => ({ name })))
      } finally {
        await server.close()
      }
    },
  )
})
