/** Rapyd where it is documented least: metadata is replaced, and a field that customers may have is not shown. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bulkUpdate, plan, rollback } from '../../src/index.ts'
import { freshFolder } from './support/command.ts'
import { startRapydServer } from './support/rapyd-server.ts'

const id = `cus_${'1'.padStart(32, '0')}`

it('plans a clear that nobody can see, and puts back all keys but not what it cannot know', async () => {
  const folder = freshFolder()
  const server = await startRapydServer()
  try {
    const all = {
      baseUrl: server.url,
      accessKey: server.keys.RAPYD_ACCESS_KEY,
      secretKey: server.keys.RAPYD_SECRET_KEY,
      rate: 'none',
      runsDir: join(folder.path, 'runs'),
      stateDir: join(folder.path, '.state'),
    }
    const send = (row: object) => {
      folder.write('crm.ndjson', `${JSON.stringify({ customer: id, ...row })}\n`)
      return { ...all, input: join(folder.path, 'crm.ndjson'), maxClears: '100%' }
    }
    await bulkUpdate(send({ metadata: { tier: 'silver', kept: 1 } }))
    const next = send({ metadata: { tier: 'gold' }, occupation: '' })
    expect((await plan(next)).head.counts.fields).toEqual({ metadata: 1, occupation: 1 })
    const { summary } = await bulkUpdate({ ...next, backup: true, metadataKeys: 'own' })
    expect(server.customer(id)['metadata']).toEqual({ tier: 'gold' })
    const back = await rollback({ ...all, run: summary.run_id })
    expect(server.customer(id)['metadata']).toEqual({ tier: 'silver', kept: 1 })
    expect('summary' in back && back.summary.rollback).toMatchObject({ not_possible: { occupation: 1 } })
  } finally {
    await server.close()
    folder.remove()
  }
})
