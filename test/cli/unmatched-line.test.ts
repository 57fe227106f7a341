import { expect, it } from 'vitest'
import { describeUnmatched } from '../../src/cli/display.ts'

it('are left out where there are none, and counted where they are many', () => {
  expect(describeUnmatched([])).toBe(undefined)
  const many = Array.from({ length: 7 }, (_, index) => ({ name: `n${index}`, nearest: undefined }))
  expect(describeUnmatched(many)).toMatch(/: "n0", "n1", "n2", "n3", "n4", 2 more$/)
})
