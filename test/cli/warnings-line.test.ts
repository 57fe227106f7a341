import { expect, it } from 'vitest'
import { describeWarnings } from '../../src/cli/display.ts'

it('is left out where there are no warnings', () => {
  expect(describeWarnings({ warnings: [] })).toBe(undefined)
})
