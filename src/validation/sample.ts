/**
 * Picks customers of an input, spread over it and its last ones, and marks their values: in constant memory, in one pass
 * that does not know how long the input is. Those that an earlier input had are looked at as well, wherever they stand.
 */
import type { JsonValue } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import type { PatchedRow } from '../model/row.ts'
import type { Marks, Portrait, SampledCustomer } from './portrait.ts'

const mostSampled = 256
const lastOnes = 16
/** Keys of metadata can be as many as there are rows. */
const mostFields = 200

export interface Sample {
  look(row: PatchedRow): void
  list(): Pick<Portrait, 'fields' | 'customers' | 'misread'>
  /** Customers of the earlier input that this one updates, with their marks in this one. */
  readonly again: ReadonlyMap<string, Marks>
}

interface Marked {
  readonly row: number
  readonly marks: Marks
  readonly isMisread: boolean
}

/** `isMisread` tells texts that were decoded with the wrong encoding. */
export function createSample(last: Portrait | undefined, isMisread: (text: string) => boolean): Sample {
  // In one order for both, so that marks can be compared.
  const indexes = new Map((last?.fields ?? []).map((field, index) => [field, index]))
  const wanted = new Set(last?.customers.map(([id]) => id))
  const again = new Map<string, Marks>()
  let sampled = new Map<string, Marked>()
  const ring: PatchedRow[] = []
  let [calls, step] = [0, 1]

  function indexOf(field: string): number | undefined {
    const known = indexes.get(field)
    if (known !== undefined || indexes.size >= mostFields) return known
    indexes.set(field, indexes.size)
    return indexes.size - 1
  }

  function marksOf({ patch }: PatchedRow): Marks {
    const marks: number[] = []
    const put = (field: string, value: JsonValue): void => {
      const index = indexOf(field)
      if (index === undefined) return
      while (marks.length <= index) marks.push(0)
      marks[index] = markOf(value)
    }
    for (const [field, value] of Object.entries(patch)) {
      if (field === 'metadata' && isJsonObject(value))
        for (const [key, inside] of Object.entries(value)) put(`metadata.${key}`, inside)
      else put(field, value)
    }
    return marks
  }

  const marked = (row: PatchedRow): Marked => ({
    row: row.row,
    marks: marksOf(row),
    isMisread: textsIn(row.patch).some(isMisread),
  })

  return {
    again,
    look(row) {
      const { customerId } = row
      if (wanted.has(customerId)) again.set(customerId, marksOf(row))
      ring[calls % lastOnes] = row
      // Of several rows of a customer the last one counts: it is what the customer ends with.
      if (calls++ % step === 0 || sampled.has(customerId)) {
        sampled.set(customerId, marked(row))
        if (sampled.size > mostSampled) {
          step *= 2
          sampled = new Map([...sampled].filter((_, index) => index % 2 === 0))
        }
      }
    },
    list() {
      const rows = new Map(sampled)
      for (const row of ring) rows.set(row.customerId, marked(row))
      const inOrder = [...rows].sort(([, left], [, right]) => left.row - right.row)
      return {
        customers: inOrder.map(([id, { marks }]): SampledCustomer => [id, marks]),
        misread: inOrder.filter(([, row]) => row.isMisread).length,
        // Behind the marks, which add to them.
        fields: [...indexes.keys()],
      }
    },
  }
}

/** FNV-1a over the value, of which one byte is kept. */
function markOf(value: JsonValue): number {
  if (value === '') return 1
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  let mixed = 0x811c_9dc5
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x0100_0193)
  return 2 + ((mixed >>> 0) % 254)
}

function textsIn(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}
