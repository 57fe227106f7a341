import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockPlan, removePlanInput } from '../../../src/jobs/plan-directory.ts'

let runs: string
let directory: string
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'rapyd-bulk-'))
  directory = mkdtempSync(join(runs, 'crm-'))
})
afterEach(() => rmSync(runs, { recursive: true }))

describe('the lock of a plan', () => {
  it('keeps others out, and leaves no folder that holds nothing', () => {
    {
      using held = lockPlan(directory)
      expect(() => lockPlan(held.directory)).toThrow(expect.objectContaining({ code: 'E_BUSY' }))
    }
    expect(existsSync(directory)).toBe(false)
  })

  it('leaves the files of a plan where they are', () => {
    writeFileSync(join(directory, 'plan.ndjson'), '{}\n')
    {
      using held = lockPlan(directory)
      expect(existsSync(held.directory)).toBe(true)
    }
    expect(readdirSync(directory)).toEqual(['plan.ndjson'])
  })
})

describe('the standard input of a plan', () => {
  it('stays while another process makes the plan, and goes with its empty folder after that', () => {
    const plan = `${directory}-plan`
    mkdirSync(plan)
    const input = join(plan, 'input')
    writeFileSync(input, 'id\n')
    {
      using held = lockPlan(plan)
      removePlanInput(join(held.directory, 'input'))
      expect(existsSync(input)).toBe(true)
    }
    removePlanInput(input)
    expect(existsSync(plan)).toBe(false)
  })
})
