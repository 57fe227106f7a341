/** What goes wrong with an export between two nights. Each makes the bytes of a bad file of a good table. */
import { header, lineOf, textOf, type Dice, type Table } from '../acceptance/support/nights.ts'

type Cells = readonly string[]

const without = (cells: Cells, column: number): Cells => cells.filter((_, index) => index !== column)
const blanked = (cells: Cells, column: number): Cells =>
  cells.map((cell, index) => (index === column ? '' : cell))
const mapped = (table: Table, from: number, change: (cells: Cells) => Cells): Table => ({
  ...table,
  rows: table.rows.map((cells, row) => (row < from ? cells : change(cells))),
})
/** Columns but that of the id. */
const column = (dice: Dice): number => 1 + dice.upTo(header.length - 1)
/** Not among the last few rows, where a few cells are nobody's loss. */
const inFile = ({ rows }: Table, dice: Dice): number => dice.upTo(rows.length - 10)

function cut(text: string, dice: Dice): Buffer {
  const bytes = Buffer.from(text)
  return bytes.subarray(0, 1 + dice.upTo(bytes.length - 1))
}

export const badNights: Readonly<Record<string, (table: Table, dice: Dice) => string | Buffer>> = {
  'a column is lost'(table, dice) {
    const lost = dice.upTo(header.length)
    return textOf({ header: without(table.header, lost), rows: table.rows.map((row) => without(row, lost)) })
  },
  'a header is lost'(table, dice) {
    return textOf({ ...table, header: without(table.header, dice.upTo(header.length)) })
  },
  'the cells of a column are lost'(table, dice) {
    const lost = dice.upTo(header.length)
    return textOf(mapped(table, 0, (row) => without(row, lost)))
  },
  'the cells of a column are lost from a row on'(table, dice) {
    const lost = dice.upTo(header.length)
    return textOf(mapped(table, inFile(table, dice), (row) => without(row, lost)))
  },
  'it is cut anywhere': (table, dice) => cut(textOf(table), dice),
  'it is cut behind a row'(table, dice) {
    return textOf({ ...table, rows: table.rows.slice(0, inFile(table, dice)) })
  },
  'it is cut in a quoted cell'(table, dice) {
    const text = textOf(table)
    const quotes = [...text.matchAll(/"Says/g)].map(({ index }) => index)
    return text.slice(0, dice.pick(quotes) + 3)
  },
  'cells are shifted to the left'(table, dice) {
    const at = dice.upTo(header.length - 1)
    return textOf(mapped(table, 0, (row) => [...without(row, at), '']))
  },
  'cells are shifted to the right'(table, dice) {
    const at = dice.upTo(header.length - 1)
    return textOf(mapped(table, 0, (row) => [...row.slice(0, at), '', ...row.slice(at, -1)]))
  },
  'cells are shifted from a row on'(table, dice) {
    const at = dice.upTo(header.length - 2)
    const change = dice.chance(0.5)
      ? (row: Cells) => [...without(row, at), '']
      : (row: Cells) => [...row.slice(0, at), '', ...row.slice(at, -1)]
    return textOf(mapped(table, inFile(table, dice), change))
  },
  'a column is blank': (table, dice) => {
    const blank = dice.upTo(header.length)
    return textOf(mapped(table, 0, (row) => blanked(row, blank)))
  },
  'a column is blank from a row on'(table, dice) {
    const blank = dice.upTo(header.length)
    return textOf(mapped(table, inFile(table, dice), (row) => blanked(row, blank)))
  },
  'every cell is blank': (table) => textOf(mapped(table, 0, (row) => row.map(() => ''))),
  'every cell but the id is blank': (table) =>
    textOf(mapped(table, 0, (row) => row.map((cell, index) => (index === 0 ? cell : '')))),
  'every cell but the id is blank from a row on': (table, dice) =>
    textOf(mapped(table, inFile(table, dice), (row) => row.map((cell, index) => (index === 0 ? cell : '')))),
  'the header is gone': (table) => textOf(table).slice(lineOf(table.header).length + 1),
  'two headers are swapped'(table, dice) {
    const [one, other] = [column(dice), column(dice)]
    const names = [...table.header]
    names[one] = table.header[other] ?? ''
    names[other] = table.header[one] ?? ''
    return textOf({ ...table, header: one === other ? names.toReversed() : names })
  },
  'a column is renamed'(table, dice) {
    const renamed = dice.upTo(header.length)
    return textOf({ ...table, header: table.header.map((name, at) => (at === renamed ? 'Column' : name)) })
  },
  'the delimiter changes'(table, dice) {
    const lines = [table.header, ...table.rows]
    const from = dice.upTo(table.rows.length - 10)
    return lines.map((cells, row) => `${lineOf(cells, row < from ? ',' : ';')}\n`).join('')
  },
  'it was decoded as another encoding': (table) => Buffer.from(textOf(table)).toString('latin1'),
  'it is written in another encoding': (table) => Buffer.from(textOf(table), 'latin1'),
  'it is there twice': (table) => textOf(table) + textOf({ ...table, header: [] }).slice(1),
  'it is there twice with its header': (table) => textOf(table) + textOf(table),
  'values are filled down'(table, dice) {
    const [at, from] = [column(dice), dice.upTo(table.rows.length / 2)]
    const value = table.rows[from]?.[at] ?? ''
    return textOf(mapped(table, from, (row) => row.map((cell, index) => (index === at ? value : cell))))
  },
  'values are sorted without their rows'(table, dice) {
    // Of a single key of metadata nobody knows what may change in it.
    const at = 1 + dice.upTo(2)
    const values = table.rows.map((row) => row[at] ?? '').toSorted()
    const rows = table.rows.map((row, number) =>
      row.map((cell, index) => (index === at ? (values[number] ?? '') : cell)),
    )
    return textOf({ ...table, rows })
  },
}
