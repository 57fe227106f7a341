/** An export as a CRM writes it night for night: a few fields change, a few are blanked, customers come and go. Seeded. */
import type { Dice } from './dice.ts'

export const fields = ['name', 'email', 'description', 'tier'] as const
export type Values = Readonly<Record<(typeof fields)[number], string>>
export type Export = ReadonlyMap<string, Values>

export function firstExport(rows: number): Export {
  return new Map(Array.from({ length: rows }, (_, number) => [idOf(number), valuesOf(number, 'a')]))
}

/** `share` of the customers change. Nothing of a customer is the same as in another night by chance. */
export function nextExport(last: Export, night: number, dice: Dice, share: number): Export {
  const next = new Map<string, Values>()
  for (const [id, values] of last) {
    if (dice.chance(share / 4)) continue
    next.set(id, dice.chance(share) ? changed(values, night, dice) : values)
  }
  const coming = dice.roll(0, Math.ceil(last.size * share))
  for (let number = 0; number < coming; number++)
    next.set(idOf(night * 1_000_000 + number), valuesOf(number, `n${night}`))
  return next
}

function changed(values: Values, night: number, dice: Dice): Values {
  const changes = Object.fromEntries(
    fields
      .filter((_, at) => at === night % fields.length || dice.chance(0.3))
      .map((field) => [field, dice.chance(0.3) ? '' : newValue(field, `${night}-${dice.roll(0, 1e9)}`)]),
  )
  return { ...values, ...changes }
}

function valuesOf(number: number, mark: string): Values {
  const [name = '', email = '', description = '', tier = ''] = fields.map((field) =>
    newValue(field, `${mark}${number}`),
  )
  return { name, email, description, tier }
}

function newValue(field: string, mark: string): string {
  return field === 'email' ? `${mark}@example.com` : `${field} ${mark}`
}

function idOf(number: number): string {
  return `cus_${number.toString(16).padStart(32, '0')}`
}

export function csvOf(rows: Export): string {
  const lines = [...rows].map(([id, values]) => [id, ...fields.map((field) => values[field])].join(','))
  return `customer,name,email,description,metadata.tier\n${lines.join('\n')}\n`
}
