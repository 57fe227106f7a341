import { describe, expect, it } from 'vitest'
import { cutRecord, lineEnd, trimReturn } from '../../src/input/csv-lines.ts'
import type { Dialect } from '../../src/input/csv-lines.ts'

const commas: Dialect = { delimiter: ',', newline: '\n' }

/** The record at the start of the text, or what else was found, with its line breaks. */
function measure(text: string, last = true, dialect = commas): string {
  const extent = cutRecord(text, 0, dialect, last)
  return extent.kind === 'open' ? 'open' : `${extent.kind} ${extent.lineBreaks} ${text.slice(0, extent.end)}`
}

describe('a record with quotes', () => {
  it.each([
    ['"a",b\nnext', 'whole 0 "a",b'],
    ['"a",b\r\nnext', 'whole 0 "a",b'],
    ['a,"b"\r\nnext', 'whole 0 a,"b"'],
    ['"a"', 'whole 0 "a"'],
    ['"",""\n', 'whole 0 "",""'],
    ['"a\nb\r\nc",d\nnext', 'whole 2 "a\nb\r\nc",d'],
    ['"a""b",c\n', 'whole 0 "a""b",c'],
    ['"a,""\n"",b",c\n', 'whole 1 "a,""\n"",b",c'],
    ['"a",\n', 'whole 0 "a",'],
    [',"a"\n', 'whole 0 ,"a"'],
  ])('%j ends where its line does', (text, extent) => expect(measure(text)).toBe(extent))

  it.each([
    ['a"b,c\nnext', 'broken 0 a"b,c'],
    ['"a"b,c\r\nnext', 'broken 0 "a"b,c'],
    ['"a" ,b\nnext', 'broken 0 "a" ,b'],
    ['a,b"\n', 'broken 0 a,b"'],
    ['"x\ny"z\nnext', 'broken 1 "x\ny"z'],
  ])('%j contradicts itself and is given up at the end of that line', (text, extent) => {
    expect(measure(text)).toBe(extent)
  })

  it.each(['"a', '"a\nb', '"a""', '"a",b,"c\n'])('%j is open, also at the end of the file', (text) => {
    expect(measure(text)).toBe('open')
  })

  it.each(['"a"', '"a",b', '"a"\r', '"a"b', 'a"b'])('%j may go on where more text may come', (text) => {
    expect(measure(text, false)).toBe('open')
  })

  it('has any delimiter', () => {
    expect(measure('"a";"b,c"\n', true, { delimiter: ';', newline: '\n' })).toBe('whole 0 "a";"b,c"')
    expect(measure('"a"\t"b"\n', true, { delimiter: '\t', newline: '\n' })).toBe('whole 0 "a"\t"b"')
  })

  it('ends at a carriage return where the file’s lines do', () => {
    const old: Dialect = { delimiter: ',', newline: '\r' }
    expect(measure('"a\rb",c\rnext', true, old)).toBe('whole 1 "a\rb",c')
  })

  it('starts anywhere', () => {
    const extent = cutRecord('skip\n"a"\nnext', 5, commas, true)
    expect(extent).toEqual({ kind: 'whole', end: 8, lineBreaks: 0, cells: ['a'] })
  })
})

describe('line ends', () => {
  it('are found from a place on, or at the end of the text', () => {
    expect(lineEnd('a\nb\nc', 2, '\n')).toBe(3)
    expect(lineEnd('a\nb\nc', 4, '\n')).toBe(5)
  })

  it('leave out one carriage return, and none of the line before', () => {
    expect(trimReturn('ab\r\n', 0, 3, '\n')).toBe(2)
    expect(trimReturn('ab\n', 0, 2, '\n')).toBe(2)
    expect(trimReturn('\r\n', 1, 1, '\n')).toBe(1)
    expect(trimReturn('ab\r', 0, 2, '\r')).toBe(2)
  })
})
