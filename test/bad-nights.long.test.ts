/**
 * A nightly file that is broken sends nothing: whatever is wrong with it is refused before the first call, by what it holds
 * or by how it differs from the night before. A good night passes. RAPYD_BULK_NIGHTS sets how many of each kind.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scanInput } from '../src/validation/scan.ts'
import { BulkUpdateError } from '../src/model/errors.ts'
import { parseProfile, type FileProfile } from '../src/validation/file-profile.ts'
import { openInput } from '../src/input/bytes.ts'
import { readHead } from '../src/input/header.ts'
import { createFileProfiler } from '../src/validation/input-guard.ts'
import { defaultMapping } from '../src/mapping/mapping.ts'
import { resolveOptions } from '../src/config/job-options.ts'
import type { UpdateOptions } from '../src/config/options.ts'
import { badNights } from './support/bad-nights.ts'
import { freshFolder, type Folder } from './acceptance/support/command.ts'
import { createDice, firstNight, goodNight, textOf } from './acceptance/support/nights.ts'

const nights = Number(process.env['RAPYD_BULK_NIGHTS'] ?? 4)

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

interface Judgement {
  readonly profile: FileProfile | undefined
  readonly refusal: BulkUpdateError | undefined
}

/** What a run makes of the file before it sends anything. */
async function precondition(
  text: string | Buffer,
  last: FileProfile | undefined,
  more: Partial<UpdateOptions> = {},
): Promise<Judgement> {
  const input = join(folder.path, 'crm.csv')
  writeFileSync(input, text)
  const options = resolveOptions({ input, ...more })
  try {
    const file = await openInput(input)
    try {
      const head = await readHead(file, { format: undefined, delimiter: undefined })
      const earlier =
        last === undefined
          ? undefined
          : { runId: 'crm-0', finishedAt: '2026-01-01T00:00:00Z', isSameMapping: true, profile: last }
      const parts = { file, head, options, mapping: defaultMapping }
      const profiler = createFileProfiler(parts, earlier)
      const { signal } = new AbortController()
      const { scan, refusal } = await scanInput({ ...parts, signal, examiners: [profiler] })
      const finished = await profiler.finish(scan)
      // As the journal keeps it.
      const profile = parseProfile(JSON.stringify(finished.profile))
      return { profile, refusal: refusal ?? finished.refusal }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof BulkUpdateError) return { profile: undefined, refusal: error }
    throw error
  }
}

const sizes = [60, 200, 900]

describe('a bad night', () => {
  it.each(Object.entries(badNights))('sends nothing where %s', async (_, make) => {
    for (let seed = 1; seed <= nights; seed++) {
      const dice = createDice(seed)
      const first = firstNight(dice.pick(sizes), dice)
      const { profile, refusal } = await precondition(textOf(first), undefined)
      expect(refusal).toBeUndefined()
      const bad = make(goodNight(first, dice), dice)
      const judged = await precondition(bad, profile)
      expect(judged.refusal, `seed ${seed}, ${first.rows.length} rows`).toBeInstanceOf(BulkUpdateError)
      expect(judged.refusal?.message).not.toMatch(/person\d|\+49151|Groß/)
    }
  })
})

describe('a good night', () => {
  it('passes, night for night', async () => {
    for (let seed = 1; seed <= nights * 2; seed++) {
      const dice = createDice(seed)
      let table = firstNight(dice.pick(sizes), dice)
      let last: FileProfile | undefined
      for (let night = 0; night < 4; night++) {
        const { profile, refusal } = await precondition(textOf(table), last)
        expect(refusal, `seed ${seed}, night ${night}`).toBeUndefined()
        last = profile
        table = goodNight(table, dice)
      }
    }
  })
})
