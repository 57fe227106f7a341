import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { baselineState } from '../../../src/jobs/state.ts'

it('a baseline that a signal stops ends as an interruption', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baseline-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const input = join(folder, 'crm.csv')
  writeFileSync(input, 'customer,name\ncus_4cd92fb4152ad8dac9851bb8cda64949,Ann\n')
  const options = { input, runsDir: folder, store: join(folder, 'store.db'), accessKey: 'a', secretKey: 'b' }
  const stopped = baselineState(options, AbortSignal.abort('SIGTERM'))
  await expect(stopped).rejects.toMatchObject({ code: 'E_STOPPED', kind: 'SIGTERM' })
})
