/** A customer base as its export is written night for night, and everything that goes wrong with such a file. Seeded. */

/** Mulberry32. */
export function createDice(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const upTo = (end: number): number => Math.floor(next() * end)
  return {
    chance: (share: number): boolean => next() < share,
    upTo,
    pick: <Item>(items: readonly Item[]): Item => {
      const item = items[upTo(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
export type Dice = ReturnType<typeof createDice>

export interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export const header = [
  'customer',
  'name',
  'email',
  'phone_number',
  'description',
  'metadata.tier',
  'metadata.region',
  'date_of_birth',
]

const firsts = ['Zoë', 'Jürgen', 'Ana', 'Søren', 'Li', 'Mary', 'Tom', 'Ruth', 'Iñigo', 'Kim']
const lasts = ['Groß', 'García', 'Smith', 'Ågård', 'O’Neil', 'Brown', 'Weiß', 'Lee', 'Stone', 'Hill']

export function goodRow(number: number, dice: Dice): string[] {
  const [first, last] = [dice.pick(firsts), dice.pick(lasts)]
  return [
    `cus_${number.toString(16).padStart(32, '0')}`,
    `${first} ${last}`,
    `person${number}@example.com`,
    dice.chance(0.02) ? '' : `+49151${10_000_000 + number * 7}`,
    dice.chance(0.3) ? `Says "${first}", since ${2000 + (number % 25)}` : `since ${2000 + (number % 25)}`,
    dice.pick(['gold', 'silver', 'bronze']),
    dice.pick(['north', 'south', 'east', 'west']),
    `${String(1 + (number % 28)).padStart(2, '0')}/0${1 + (number % 9)}/19${50 + (number % 50)}`,
  ]
}

export function firstNight(rows: number, dice: Dice): Table {
  return { header, rows: Array.from({ length: rows }, (_, index) => goodRow(index + 1, dice)) }
}

/** Two rows in a hundred changed, some gone, some new, a few blanks. */
export function goodNight({ rows }: Table, dice: Dice): Table {
  const kept = rows.filter(() => !dice.chance(0.005))
  const changed = kept.map((row) => {
    if (dice.chance(0.003)) return row.map((cell, index) => (index === 3 ? '' : cell))
    if (!dice.chance(0.02)) return row
    const other = goodRow(dice.upTo(100_000) + 1000, dice)
    const column = 1 + dice.upTo(row.length - 1)
    return row.map((cell, index) => (index === column ? (other[index] ?? '') : cell))
  })
  const fresh = Array.from({ length: dice.upTo(rows.length / 100 + 2) }, (_, index) =>
    goodRow(rows.length + 100 + index, dice),
  )
  return { header, rows: [...changed, ...fresh] }
}

export function textOf({ header: names, rows }: Table, delimiter = ','): string {
  return [names, ...rows].map((cells) => `${lineOf(cells, delimiter)}\n`).join('')
}

export function lineOf(cells: readonly string[], delimiter = ','): string {
  return cells
    .map((cell) =>
      /["\n\r]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell,
    )
    .join(delimiter)
}
