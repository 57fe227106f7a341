import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = `cus_${'0'.repeat(32)}`
const note =
  'Note: --ignore-columns sets aside what this file does not have: "emial" (did you mean "email"?)\n'

describe('names of --ignore-columns that the file does not have', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
    folder.write('crm.csv', `customer,email,memo\n${id},a@example.com,x\n`)
    folder.write('crm.ndjson', `${JSON.stringify({ customer: id, email: 'a@example.com', memo: 'x' })}\n`)
  })
  afterEach(() => folder.remove())

  it.each([
    ['update', 'crm.csv', '--env', 'simulator'],
    ['plan', 'crm.csv', '--env', 'simulator'],
    ['validate', 'crm.csv'],
    ['validate', 'crm.ndjson'],
  ])('stop nothing, and %s of %s says so, but with --quiet', async (...words) => {
    const command = [...words, '--ignore-columns', 'memo,emial']
    const said = await folder.run(command)
    expect(said.code).toBe(0)
    expect(said.stderr).toContain(note)
    expect((await folder.run([...command, '--quiet'])).stderr).not.toContain('emial')
  })
})
