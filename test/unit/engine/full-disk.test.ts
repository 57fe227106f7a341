import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate } from '../../../src/jobs/update.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import { formatCount } from '../../../src/report/format.ts'
import { withRoomNeeded } from '../../../src/engine/closing.ts'
import { makeSmallDisk, whyNot } from '../../support/small-disk.ts'

const refused = (cause: object, kind: 'LOCAL' | 'INPUT' = 'LOCAL') =>
  new BulkUpdateError(kind === 'LOCAL' ? 'E_STORE' : 'E_EMPTY', 'it cannot be written', 'Free some space.', {
    cause: Object.assign(new Error('refused'), cause),
  })

describe('a full disk', () => {
  let directory = ''
  const storePath = () => join(directory, 'store.db')
  const stopped = (settled: number) => ({
    storePath: storePath(),
    rows: 100_000,
    run: { settledRows: { size: settled } },
  })
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'full-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it.each([{ errcode: 13 }, { errcode: 13 | (7 << 8) }, { code: 'ENOSPC' }, { code: 'EDQUOT' }])(
    'is told with the rows that are done and the room that the rest takes: %j',
    (cause) => {
      expect(withRoomNeeded(refused(cause), stopped(1_234))).toMatchObject({
        kind: 'LOCAL',
        code: 'E_STORE',
        message: 'it cannot be written; 1,234 of 100,000 rows are done',
        remedy: 'About 83 MB are needed. Free some space.',
      })
    },
  )

  it('needs as much again as the log of the store holds, which may have to be moved into it', () => {
    writeFileSync(`${storePath()}-wal`, '')
    truncateSync(`${storePath()}-wal`, 20_000_000)
    const { remedy } = withRoomNeeded(refused({ errcode: 13 }), stopped(50_000))
    expect(remedy).toBe('About 80 MB are needed. Free some space.')
  })

  it('takes only the report where no row is open', () => {
    const { remedy } = withRoomNeeded(refused({ code: 'ENOSPC' }), stopped(100_000))
    expect(remedy).toBe('About 27 MB are needed. Free some space.')
  })

  it('is no other error', () => {
    for (const error of [refused({ errcode: 10 }), refused({}), refused({ code: 'ENOSPC' }, 'INPUT')])
      expect(withRoomNeeded(error, stopped(1))).toBe(error)
  })

  it('ends a run, which goes on once there is room', async ({ skip }) => {
    const disk = makeSmallDisk(1_000)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      const rows = Array.from({ length: 2_000 }, (_, row) => `cus_${String(row).padStart(32, '0')},B`)
      const input = join(directory, 'crm.csv')
      writeFileSync(input, `customer,name\n${rows.join('\n')}\n`)
      const [runsDir, stateDir] = [join(disk.path, 'runs'), join(disk.path, 'state')]
      let settled = 0
      const options = { input, runsDir, stateDir, env: 'simulator', rate: 'none' } as const
      const run = bulkUpdate({ ...options, onOutcome: () => void settled++ })
      await expect(run).rejects.toMatchObject({
        code: 'E_STORE',
        message: expect.stringMatching(
          /; [\d,]+ of 2,000 rows are done; .*results\.csv could not be written/,
        ),
        remedy: expect.stringMatching(/^About 1[12] MB are needed\. Make room there/),
      })
      await expect(run).rejects.toThrow(`; ${formatCount(settled)} of 2,000 rows`)
      disk.remount('size=20m')
      expect((await bulkUpdate(options)).summary.outcomes.updated).toBe(2_000)
    } finally {
      disk.remove()
    }
  })
})
