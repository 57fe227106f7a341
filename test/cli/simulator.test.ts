import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder } from '../support/command.ts'
import type { Folder } from '../support/command.ts'

describe('the embedded simulator', () => {
  let folder: Folder
  beforeEach(() => {
    folder = freshFolder()
    mkdirSync(join(folder.path, 'samples'))
    copyFileSync(
      join(import.meta.dirname, '..', '..', 'samples', 'crm-export.csv'),
      join(folder.path, 'samples', 'crm-export.csv'),
    )
  })
  afterEach(() => folder.remove())

  it('takes the sample export without keys, within the rate that it enforces', async () => {
    const { code, stdout } = await folder.run([
      'update',
      'samples/crm-export.csv',
      '--env',
      'simulator',
      '--rate',
      '40/1s',
      '--json',
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'simulator',
      outcomes: { updated: 194, invalid: 6, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 },
      rate_limited: 0,
      calls: 194,
      attempts: 194,
    })
  })

  it('finds the same six rows when the sample is only validated', async () => {
    const { code, stdout } = await folder.run(['validate', 'samples/crm-export.csv', '--json'])
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout)
    expect(
      findings.map((finding: { code: string; firstRow: number }) => [finding.firstRow, finding.code]),
    ).toEqual([
      [21, 'E_PHONE'],
      [46, 'E_EMAIL'],
      [78, 'E_ID'],
      [102, 'E_COUNTRY'],
      [134, 'E_COLUMNS'],
      [151, 'E_SUSPECT_BLANK'],
    ])
  })
})
