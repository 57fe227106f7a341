/** What lane S has found once, each alone and without chance. */
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSimulator, type Simulator } from '../../src/simulator/server.ts'
import { createWorkplace, startSession, type Ended, type Workplace } from './session.ts'
import { heldBy } from './sync-verdict.ts'

const idOf = (number: number): string => `cus_${String(number).padStart(32, '0')}`
let simulator: Simulator
let place: Workplace

beforeEach(async () => {
  place = createWorkplace('crm.csv', '')
  simulator = await createSimulator({ windows: [] })
})
afterEach(async () => {
  await simulator.close()
  place.remove()
})

function run(...args: readonly string[]): Promise<Ended> {
  return startSession(place.path, args, {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }).ended
}

/** A night with these rows. */
async function send(columns: string, rows: readonly string[], ...more: readonly string[]): Promise<Ended> {
  writeFileSync(join(place.path, 'crm.csv'), `${columns}\n${rows.join('\n')}\n`)
  return run(
    'update',
    'crm.csv',
    '--only-changed',
    '--rate',
    'none',
    '--quiet',
    '--accept-change',
    'all',
    ...more,
  )
}

/** `names` are those of the first customers. */
function night(names: readonly string[], ...more: readonly string[]): Promise<Ended> {
  const rows = names.map((name, number) => `${idOf(number)},${name}`)
  return send('customer,name', rows, ...more)
}

/** Twenty customers; the first `changed` have a new name, and eight have no e-mail. */
function manyBlank(changed: number, ...more: readonly string[]): Promise<Ended> {
  const rows = Array.from({ length: 20 }, (_, number) => {
    const email = number < 8 ? '' : `${number}@example.com`
    return `${idOf(number)},${number < changed ? 'New' : 'Old'} ${number},${email}`
  })
  return send('customer,name,email', rows, ...more)
}

const namesHeld = (...numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => heldBy(simulator, idOf(number)).name)

const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true, force: true })

it('goes on with a night that sends few rows of a file in which many are blank', async () => {
  expect(await manyBlank(0)).toMatchObject({ code: 0 })
  await manyBlank(4, '--limit', '1')
  expect(namesHeld(0, 1)).toEqual(['New 0', 'Old 1'])
  // Eight of twenty rows clear the e-mail: less than half of the file, and more than the four rows that are sent.
  expect(await manyBlank(4)).toMatchObject({ code: 0 })
  expect(namesHeld(0, 1, 3, 4)).toEqual(['New 0', 'New 1', 'New 3', 'Old 4'])
})

it.each([
  ['--new-state', () => night(['A', 'A'], '--new-state')],
  [
    'state baseline',
    async () => {
      // Rapyd holds this of the customers that the last export had; of the other one it is not said.
      writeFileSync(join(place.path, 'last.csv'), `customer,name\n${idOf(0)},B\n`)
      expect(await run('state', 'baseline', 'last.csv')).toMatchObject({ code: 0 })
      return night(['A', 'A'])
    },
  ],
])('sends what an old copy of the store takes for unchanged, after %s', async (_, goOn) => {
  const folder = dirname(place.store)
  const kept = join(place.path, 'kept')
  expect(await night(['A', 'A'])).toMatchObject({ code: 0 })
  copy(folder, kept)
  expect(await night(['B', 'B'])).toMatchObject({ code: 0 })
  rmSync(folder, { recursive: true })
  copy(kept, folder)
  const refused = await night(['A', 'A'])
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('[E_STATE_LOST]')])
  expect(namesHeld(0, 1)).toEqual(['B', 'B'])
  expect(await goOn()).toMatchObject({ code: 0 })
  expect(namesHeld(0, 1)).toEqual(['A', 'A'])
})
