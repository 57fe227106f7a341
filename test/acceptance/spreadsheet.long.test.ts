/** Files as spreadsheets write and read them: a line `sep=;` above the header, a byte order mark, UTF-16. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

const read = (name: string) => readFileSync(join(folder.path, name), 'utf8')
const rows = `customer;name;email\r\n${id(1)};"Al, ""x""";a@example.com\r\n${id(2)};NULL; b@example.com\r\n`

describe('a file with what a spreadsheet puts above its header', () => {
  it.each<readonly [what: string, file: string | Buffer, above: string, line: number]>([
    ['a line sep=;', `sep=;\r\n${rows}`, 'sep=;\r\n', 4],
    ['a quoted one behind a mark', `\ufeff"sep=;"\r\n${rows}`, '\ufeff"sep=;"\r\n', 4],
    ['a byte order mark', `\ufeff${rows}`, '\ufeff', 3],
    ['UTF-16', Buffer.from(`\ufeff${rows}`, 'utf16le'), '\ufeff', 3],
    ['UTF-16 and a line sep=;', Buffer.from(`\ufeffsep=;\r\n${rows}`, 'utf16le'), '\ufeffsep=;\r\n', 4],
    ['nothing', rows, '', 3],
  ])('is read, and mended, and given back with it: %s', async (_, file, above, line) => {
    folder.write('crm.csv', file)
    const { code, stdout, stderr } = await folder.run([
      'validate',
      'crm.csv',
      '--json',
      '--out',
      'out',
      '--fix',
      'mended.csv',
    ])
    expect(code, stderr).toBe(1)
    const { findings } = JSON.parse(stdout)
    expect(findings[0]).toMatchObject({ firstRow: 2, firstLine: line })
    expect(read('mended.csv')).toBe(above + rows.replace('; b@', ';b@'))
    expect(read('out/errors.csv')).toMatch(new RegExp(`^${above}customer;name;email;rapyd_bulk_row;`))
    const updated = await folder.run(['update', 'crm.csv', '--env', 'simulator'])
    expect(updated.code).toBe(1)
    expect(folder.report('errors.csv')).toBe(read('out/errors.csv'))
    folder.write('again.csv', folder.report('errors.csv').replace('NULL', 'Bo').replace(' b@', 'b@'))
    expect(await folder.run(['update', 'again.csv', '--env', 'simulator'])).toMatchObject({ code: 0 })
  })

  it('may name another delimiter than the one that is asked for', async () => {
    folder.write('crm.csv', `sep=,\n${rows}`)
    expect(await folder.run(['validate', 'crm.csv'])).toMatchObject({ code: 3 })
    expect(await folder.run(['validate', 'crm.csv', '--delimiter', ';'])).toMatchObject({ code: 1 })
    expect(existsSync(join(folder.path, 'rapyd-runs'))).toBe(false)
  })
})
