import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const samples = join(import.meta.dirname, '..', '..', 'samples')
const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const map =
  'customer: Rapyd ID\ncolumns:\n  Full Name: name\n  Mobile: { field: phone_number, transform: { phone: US } }\n'

describe('--map', () => {
  let folder: Folder
  let server: RapydServer
  const update = (args: readonly string[]) =>
    folder.run(['update', ...args, '--base-url', server.url], server.keys)

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  it('updates every customer of the sample', async () => {
    for (const name of ['mapping.yaml', 'mapped-export.csv'])
      folder.write(name, readFileSync(join(samples, name)))
    const args = ['mapped-export.csv', '--map', 'mapping.yaml']
    const validated = await folder.run(['validate', ...args, '--json'])
    expect(validated).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(validated.stdout)).toMatchObject({ rows: 12, calls: 12, invalid: 0, findings: [] })
    const updated = await folder.run(['update', ...args, '--env', 'simulator', '--json'])
    expect(updated.code).toBe(0)
    expect(JSON.parse(updated.stdout)).toMatchObject({ outcomes: { updated: 12 } })
  })

  it('sends what the mapping makes of the cells, and gives rows back as they were', async () => {
    folder.write('map.yaml', map)
    folder.write(
      'crm.csv',
      `Rapyd ID,Full Name,Mobile\n${id(1)},Jo,(415) 555-0100\n${id(2)},Al,call me\n${id(3)},Cy,\n`,
    )
    const { code } = await update(['crm.csv', '--map', 'map.yaml'])
    expect(code).toBe(1)
    expect(server.customer(id(1))).toEqual({ name: 'Jo', phone_number: '+14155550100' })
    expect(server.customer(id(3))).toEqual({ name: 'Cy', phone_number: '' })
    expect(server.updates).toHaveLength(2)
    const [row]: Record<string, string>[] = parse(folder.report('errors.csv'), { columns: true })
    expect(row).toMatchObject({
      Mobile: 'call me',
      rapyd_bulk_error_code: 'E_PHONE',
      rapyd_bulk_error_field: 'phone_number',
    })
    expect(row?.['rapyd_bulk_message']).not.toContain('call me')
  })

  it('takes its errors file back once it is mended', async () => {
    folder.write('map.yaml', map)
    folder.write('crm.csv', `Rapyd ID,Full Name,Mobile\n${id(1)},Jo,call me\n${id(2)},Al,4155550100\n`)
    await update(['crm.csv', '--map', 'map.yaml'])
    folder.write('mended.csv', folder.report('errors.csv').replace('call me', '415 555 0101'))
    expect(await update(['mended.csv', '--map', 'map.yaml'])).toMatchObject({ code: 0 })
    expect(server.customer(id(1))).toEqual({ name: 'Jo', phone_number: '+14155550101' })
  })

  it('makes another run of the same file, unless the mapping says the same', async () => {
    folder.write('crm.csv', `customer,Full Name\n${id(1)},Jo\n`)
    folder.write('a.yaml', 'columns: { Full Name: name }')
    folder.write('same.json', '{\n  "columns": { "Full Name": "name" }\n}\n')
    folder.write('b.yaml', 'columns: { Full Name: description }')
    expect((await update(['crm.csv', '--map', 'a.yaml'])).code).toBe(0)
    const same = await update(['crm.csv', '--map', 'same.json'])
    expect(same).toMatchObject({ code: 0, stderr: expect.stringContaining('finished before') })
    expect((await update(['crm.csv', '--map', 'b.yaml'])).code).toBe(0)
    expect(server.customer(id(1))).toEqual({ name: 'Jo', description: 'Jo' })
    const other = await update(['crm.csv', '--map', 'b.yaml', '--run-id', 'mine'])
    expect(other.code).toBe(0)
    const refused = await update(['crm.csv', '--map', 'a.yaml', '--run-id', 'mine'])
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('[E_OTHER_RUN]') })
  })

  it('stops before anything is sent where mapping or header are wrong', async () => {
    folder.write('crm.csv', `Rapyd ID,Fullname,Phone\n${id(1)},Jo,x\n`)
    folder.write('wrong.yaml', 'columns:\n  Full Name: nmae\n')
    folder.write('map.yaml', map)
    for (const command of ['update', 'validate']) {
      const run = (file: string) =>
        folder.run([command, 'crm.csv', '--map', file], { ...server.keys, RAPYD_BASE_URL: server.url })
      const wrong = await run('wrong.yaml')
      expect(wrong.stderr).toContain('wrong.yaml:2:14: ')
      expect(wrong).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/"nmae".*\[E_MAPPING\]\n.*"name"/),
      })
      const missing = await run('map.yaml')
      expect(missing).toMatchObject({ code: 3, stderr: expect.stringContaining('[E_HEADER_MISSING_COLUMN]') })
      expect(missing.stderr).toContain('(map.yaml:4:3)')
    }
    expect(server.updates).toEqual([])
  })

  it('reads NDJSON, where an absent key leaves the field alone', async () => {
    folder.write('map.yaml', map)
    folder.write(
      'crm.ndjson',
      `{"Rapyd ID":"${id(1)}","Mobile":"415 555 0100"}\n{"rapyd_id":"${id(2)}","full_name":null}\n`,
    )
    const { code, stderr } = await update(['crm.ndjson', '--map', 'map.yaml', '--max-clears', '100%'])
    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(server.customer(id(1))).toEqual({ phone_number: '+14155550100' })
    expect(server.customer(id(2))).toEqual({ name: '' })
  })
})
