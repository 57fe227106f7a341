import { describe, expect, it } from 'vitest'
import { isScreen, wantsColor } from '../../../src/cli/terminal.ts'

describe('colour', () => {
  it.each([
    [true, undefined, {}, true],
    [true, undefined, { NO_COLOR: '' }, true],
    [true, true, {}, true],
    [true, undefined, { NO_COLOR: '1' }, false],
    [true, undefined, { NO_COLOR: '0' }, false],
    [true, undefined, { TERM: 'dumb' }, false],
    [true, undefined, { TERM: 'xterm', CI: 'true' }, true],
    [true, false, {}, false],
    [false, undefined, {}, false],
    [false, true, {}, false],
  ])('on a terminal (%s), with the flag %s and %j is %s', (isTTY, flag, env, wanted) => {
    expect(wantsColor({ isTTY }, flag, env)).toBe(wanted)
  })
})

describe('a screen', () => {
  const terminal = { isTTY: true, rows: 24, columns: 80 }
  it.each([
    [terminal, {}, true],
    [terminal, { CI: 'false' }, true],
    [terminal, { CI: 'true' }, false],
    [terminal, { TERM: 'dumb' }, false],
    [{ ...terminal, columns: 0 }, {}, false],
    [{ ...terminal, isTTY: false }, {}, false],
    [{}, {}, false],
  ])('%j with %j: %s', (stream, env, wanted) => expect(isScreen(stream, env)).toBe(wanted))
})
