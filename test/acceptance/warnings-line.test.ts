import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

describe('warnings before an update', () => {
  let folder: Folder
  const update = (...args: readonly string[]) =>
    folder.run(['update', 'crm.csv', '--env', 'simulator', '--max-clears', '100%', ...args])
  beforeEach(() => {
    folder = freshFolder()
    folder.write('crm.csv', 'customer,name\ncus_1,\ncus_2,B\n')
  })
  afterEach(() => folder.remove())

  it('are counted in one line, which names the command that shows them', async () => {
    expect((await update()).stderr).toMatch(
      /^Warnings: W_UNUSUAL_ID customer in 2 rows, W_DOUBTFUL_CLEAR name in 1 row\. `rapyd-bulk validate` /m,
    )
  })

  it('are left out with --quiet', async () => {
    expect((await update('--quiet')).stderr).not.toContain('Warnings')
  })
})
