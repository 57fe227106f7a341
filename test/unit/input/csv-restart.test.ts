/** What a malformed record costs: the lines that it damages, and never a customer's data. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/model/row.ts'
import { validate } from '../../../src/jobs/validate.ts'
import { freshFolder, type Folder } from '../../acceptance/support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

/** What `validate` finds, its invalid rows, and what it leaves to fix. */
async function look(text: string) {
  folder.write('crm.csv', text)
  const invalid: Outcome[] = []
  const { calls, rows, cleared } = await validate({
    input: join(folder.path, 'crm.csv'),
    maxErrors: '100%',
    out: folder.path,
    onInvalid: (outcome) => invalid.push(outcome),
  })
  return {
    found: { calls, rows, cleared: [...cleared.keys()] },
    invalid: invalid.map(({ line, errorCode }) => [line, errorCode]),
    messages: invalid.map(({ message }) => message),
    places: invalid.map(({ offset, length }) => text.slice(offset, offset + length)),
    errors: readFileSync(join(folder.path, 'errors.csv'), 'utf8'),
  }
}

describe('a record with a stray quote and a cell of several lines', () => {
  const good = [`${id(1)},Ann,x`, `${id(2)},Bob,y`]
  it.each([
    `${id(3)},5" x,"note\n,,\nend"`,
    `${id(3)},"he said "hi"!,x\n,,\nend",y`,
    `${id(3)}, "note\n,,\nend",y`,
  ])('clears nothing by the line that it leaves: %j', async (record) => {
    const { found, invalid, places } = await look(
      ['customer,name,description', good[0], record, good[1]].join('\n'),
    )
    expect(found).toEqual({ calls: 2, rows: 5, cleared: [] })
    // The line `,,` may be text of the broken cell.
    expect(invalid).toEqual([
      [3, 'E_QUOTE'],
      [4, 'E_NEAR_BROKEN_QUOTE'],
      [5, 'E_QUOTE'],
    ])
    expect(places.join('\n')).toBe(record)
  })

  it('is refused whatever its width is', async () => {
    const { found, invalid } = await look(
      `customer,name,description,email\n${id(3)},5" x,"note\n,,\nend",a@example.com\n`,
    )
    expect(found).toEqual({ calls: 0, rows: 3, cleared: [] })
    expect(invalid[1]).toEqual([3, 'E_NEAR_BROKEN_QUOTE'])
  })
})

describe('a malformed record of several lines', () => {
  it('names its lines, and `errors` keeps all of it', async () => {
    const text = [
      'customer,name,description',
      `${id(1)},Ann,"one\ntwo\nthree" x`,
      `${id(2)},"Bob\nLee"`,
      `${id(3)},Cy,x`,
      `${id(4)},"D"y,x`,
      '',
    ].join('\n')
    const { found, invalid, messages, places, errors } = await look(text)
    expect(found).toEqual({ calls: 0, rows: 4, cleared: [] })
    expect(invalid).toEqual([
      [2, 'E_QUOTE'],
      [5, 'E_NEAR_BROKEN_QUOTE'],
      [7, 'E_NEAR_BROKEN_QUOTE'],
      [8, 'E_QUOTE'],
    ])
    expect(messages).toEqual([
      'a quote inside an unquoted cell, or text behind a closing quote (3 lines: 2 to 4)',
      'between rows with broken quotes, so it may be text of their cell (2 lines: 5 to 6)',
      'between rows with broken quotes, so it may be text of their cell',
      'a quote inside an unquoted cell, or text behind a closing quote',
    ])
    expect(places).toEqual([
      `${id(1)},Ann,"one\ntwo\nthree" x`,
      `${id(2)},"Bob\nLee"`,
      `${id(3)},Cy,x`,
      `${id(4)},"D"y,x`,
    ])
    for (const place of places) expect(errors).toContain(`"rapyd_bulk_raw: ${place.replaceAll('"', '""')}",,`)
  })
})
