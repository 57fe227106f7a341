import { expect, it } from 'vitest'
import { warningsLine } from '../../src/cli/notes.ts'

it('is left out where there are no warnings', () => {
  expect(warningsLine({ warnings: [] })).toBe(undefined)
})
