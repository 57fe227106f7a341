import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unmatchedLine } from '../../src/cli/unmatched-line.ts'
import { folderHere } from '../support/command-here.ts'
import type { Folder } from '../support/command.ts'

const id = `cus_${'0'.repeat(32)}`
const note =
  'Note: --ignore-columns sets aside what this file does not have: "emial" (did you mean "email"?)\n'

describe('names of --ignore-columns that the file does not have', () => {
  let folder: Folder
  beforeEach(() => {
    folder = folderHere()
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

  it('are left out where there are none, and counted where they are many', () => {
    expect(unmatchedLine([])).toBe(undefined)
    const many = Array.from({ length: 7 }, (_, index) => ({ name: `n${index}`, nearest: undefined }))
    expect(unmatchedLine(many)).toMatch(/: "n0", "n1", "n2", "n3", "n4", 2 more$/)
  })
})
