/** The first pass of a run: whatever the file, it finds what it would have found if every row had been read. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkInput } from '../../src/guard/check-input.ts'
import { watchInput } from '../../src/guard/input-watch.ts'
import { parsePortrait } from '../../src/history/portrait.ts'
import type { Portrait } from '../../src/history/portrait.ts'
import { openInput } from '../../src/input/bytes.ts'
import { readHead } from '../../src/input/header.ts'
import { loadMapping } from '../../src/mapping/mapping-file.ts'
import type { UpdateOptions } from '../../src/options.ts'
import type { Examiner } from '../../src/pipeline/ports.ts'
import type { OnInvalid } from '../../src/pipeline/scan.ts'
import { badNights } from '../support/bad-nights.ts'
import { freshFolder } from '../support/command.ts'
import type { Folder } from '../support/command.ts'
import {
  common,
  header,
  id,
  inBlocks,
  share,
  someFine,
  someMapping,
  someOptions,
  someRow,
  withNoise,
  written,
} from '../support/odd-files.ts'
import { createDice, firstNight, goodNight, textOf } from '../support/nights.ts'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

interface Pass {
  /** All that comes of it. */
  readonly found: unknown
  readonly portrait: Portrait | undefined
  /** Rows that were not read. */
  readonly passed: number
}

interface Given {
  readonly text: string | Buffer
  readonly options?: Partial<UpdateOptions>
  readonly blockSize?: number
  readonly last?: Portrait | undefined
  readonly isSameMapping?: boolean
}

const nobody: Examiner = { begin: () => {}, refused: () => {}, read: () => {}, warned: () => {} }

/** What a run finds before it sends anything. Who has no `passes` wants to see every row. */
async function pass(given: Given, isWatched: boolean, mayPass: boolean): Promise<Pass> {
  const { text, blockSize = 1 << 20, last, isSameMapping = true } = given
  const input = join(folder.path, 'crm.csv')
  writeFileSync(input, text)
  const options = { input, ...given.options }
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openInput(input)
  const invalid: unknown[] = []
  let [passed, rows] = [0, 0]
  try {
    const head = await readHead(file, { format: undefined, delimiter: undefined })
    const parts = { file: inBlocks(file, blockSize), head, options, mapping }
    const earlier =
      last === undefined
        ? undefined
        : { runId: 'crm-0', finishedAt: '2026-01-01T00:00:00Z', isSameMapping, portrait: last }
    const watch = isWatched ? watchInput({ ...parts, earlier }) : undefined
    const passes: Examiner['passes'] = (record) => {
      const isPassed = watch?.passes?.(record) ?? true
      if (isPassed) passed++
      return isPassed
    }
    const examiner = { ...(watch ?? nobody), passes: mayPass ? passes : undefined }
    const onInvalid: OnInvalid = (outcome, columnOf) => invalid.push([outcome, columnOf()])
    const { signal } = new AbortController()
    const { found, refusal } = await checkInput(
      { ...parts, examiner, signal, onInvalid },
      async function* (source) {
        for await (const batch of source) {
          yield batch
          rows += batch.length
        }
      },
    )
    const finished = await watch?.finish(found)
    const fields = { set: [...found.set], cleared: [...found.cleared] }
    const refusals = [String(refusal), String(finished?.refusal)]
    const all = { ...found, ...fields, refusals, portrait: finished?.portrait, invalid, rows }
    return { found: all, portrait: parsePortrait(JSON.stringify(finished?.portrait ?? null)), passed }
  } catch (error) {
    return { found: String(error), portrait: undefined, passed }
  } finally {
    await file.close()
  }
}

/** Gives what is kept of the file, and how many of its rows were not read. */
async function expectSame(given: Given, isWatched = true): Promise<Pick<Pass, 'portrait' | 'passed'>> {
  const { found, ...rest } = await pass(given, isWatched, true)
  const everyRow = await pass(given, isWatched, false)
  expect(everyRow.passed).toBe(0)
  expect(found).toEqual(everyRow.found)
  return rest
}

/** Rows that are fine, more than are sampled from the first on, and odd ones between them. */
const oddOnes = fc.array(fc.tuple(fc.noBias(fc.nat(24)), someRow), {
  minLength: 40,
  maxLength: 70,
  size: 'max',
})
const fineOnes = fc.array(someFine, { minLength: 3, maxLength: 6 })
const ends = fc.record({
  start: fc.constantFrom('', '\ufeff'),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  end: fc.constantFrom('', '\n', '\n\n'),
  behind: fc.nat(30),
})

interface Night {
  readonly fine: readonly (readonly string[])[]
  readonly odd: readonly (readonly [before: number, row: string])[]
  readonly ends: {
    readonly start: string
    readonly lineEnd: string
    readonly end: string
    readonly behind: number
  }
  /** Blanks one column of the fine rows, from a share of them on. */
  readonly blanked?: { readonly column: number; readonly from: number } | undefined
}

function nightOf({ fine, odd, ends: { start, lineEnd, end, behind }, blanked }: Night): string {
  const from = 800 * (blanked?.from ?? 1)
  let count = 0
  const more = (rows: number) =>
    Array.from({ length: rows }, () => {
      const number = count++
      const cells = fine[number % fine.length] ?? []
      // Some customers come again, and the others are those of every night.
      const row = [id(1000 + (number % 700)), ...cells.slice(1)]
      return row.map((cell, at) => written(number >= from && at === blanked?.column ? '' : cell)).join(',')
    })
  const rows = odd.flatMap(([before, row]) => [...more(before), row])
  return start + [header, ...rows, ...more(behind)].join(lineEnd) + end
}

const someNight = fc.record({ fine: fineOnes, odd: oddOnes, ends })
const someNights = fc
  .record({
    last: someNight,
    odd: oddOnes,
    ends,
    blanked: fc.option(fc.record({ column: fc.integer({ min: 1, max: 14 }), from: share }), {
      nil: undefined,
    }),
    cut: fc.option(share, { freq: 3, nil: undefined }),
  })
  .map(({ last, cut, ...tonight }) => {
    const text = Buffer.from(nightOf({ ...last, ...tonight }))
    return {
      last: nightOf(last),
      text: cut === undefined ? text : text.subarray(0, Math.floor(header.length + 1 + cut * text.length)),
    }
  })
const blockSizes = fc.integer({ min: 2_000, max: 200_000 })

const nights: typeof badNights = { ...badNights, 'nothing is wrong': (table) => textOf(table) }

describe('the first pass of a run', () => {
  it('finds what it would have found in all rows, and keeps the same of them', async () => {
    let total = 0
    await fc.assert(
      fc.asyncProperty(someNights, someOptions, blockSizes, async ({ last, text }, more, blockSize) => {
        const options = { ...common, ...more }
        const before = await expectSame({ text: last, options, blockSize })
        const tonight = await expectSame({ text, options, blockSize, last: before.portrait })
        total += before.passed + tonight.passed
      }),
      { numRuns: 12, endOnFailure: true },
    )
    expect(total).toBeGreaterThan(500)
  })

  it('does so in files with characters where they do not belong', async () => {
    await fc.assert(
      fc.asyncProperty(withNoise(someNight.map(nightOf)), blockSizes, async (text, blockSize) => {
        await expectSame({ text, options: common, blockSize })
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })

  it('does so under a mapping, and under another than last time', async () => {
    const map = join(folder.path, 'mapping.yaml')
    writeFileSync(map, someMapping)
    let total = 0
    await fc.assert(
      fc.asyncProperty(someNights, fc.boolean(), async ({ last, text }, isSameMapping) => {
        const options = { maxErrors: '100%', map }
        const before = await expectSame({ text: last, options })
        const tonight = await expectSame({ text, options, last: before.portrait, isSameMapping })
        total += before.passed + tonight.passed
      }),
      { numRuns: 8, endOnFailure: true },
    )
    expect(total).toBeGreaterThan(200)
  })

  it('does so where nobody watches it', async () => {
    let total = 0
    await fc.assert(
      fc.asyncProperty(someNight.map(nightOf), someOptions, async (text, more) => {
        total += (await expectSame({ text, options: { ...common, ...more } }, false)).passed
      }),
      { numRuns: 8, endOnFailure: true },
    )
    expect(total).toBeGreaterThan(200)
  })

  it.each(Object.entries(nights))('judges a night alike where %s', async (_, make) => {
    const dice = createDice(7)
    const first = firstNight(800, dice)
    const { portrait, passed } = await expectSame({ text: textOf(first) })
    expect(passed).toBeGreaterThan(200)
    await expectSame({ text: make(goodNight(first, dice), dice), last: portrait })
  })
})
