/** What the doctor alone asks of a row in which every cell is fine: about two of its cells together, and about other rows. */
import type { DateOrder } from '../doctor/date-order.ts'
import { sharedEmail } from '../doctor/examine.ts'
import { hasShortPostcode } from '../doctor/postcodes.ts'
import type { SharedEmails } from '../doctor/shared-emails.ts'
import type { RawRecord } from '../domain/raw-record.ts'
import type { CountedDoubt } from '../pipeline/scan.ts'
import { numberIn } from '../rapyd/plain-bytes.ts'
import { createToldDoubt } from './told-doubt.ts'

export interface DoctorLooksParts {
  readonly emails: SharedEmails
  readonly dates: DateOrder
  readonly id: number
  /** Indices of columns about which more is asked; -1 where there is none. */
  readonly email: number
  readonly born: number
  readonly postcodes: readonly (readonly [zip: number, country: number])[]
  /** How often a doubt is told before it is only counted. */
  readonly timesTold: number
}

export interface DoctorLooks {
  /** True where there is nothing that must be told of the row; it is then noted. */
  readonly passes: (record: RawRecord) => boolean
  readonly doubts: () => readonly CountedDoubt[]
}

export function createDoctorLooks(parts: DoctorLooksParts): DoctorLooks {
  const { emails, dates, id, email, born, postcodes, timesTold } = parts
  const zips = Int32Array.from(postcodes, ([zip]) => zip)
  const countries = Int32Array.from(postcodes, ([, country]) => country)
  const shared = createToldDoubt({ code: 'W_SHARED_EMAIL', field: 'email', message: sharedEmail }, timesTold)

  function hasSharedEmail({ bytes, starts, ends }: RawRecord): boolean {
    const start = starts[email] ?? 0
    const end = ends[email] ?? 0
    return start < end && emails.addBytes(bytes, start, end, starts[id] ?? 0, ends[id] ?? 0)
  }

  function noteBirth(record: RawRecord): void {
    const { bytes, starts, ends } = record
    const at = starts[born] ?? 0
    if (at !== ends[born]) dates.taken(numberIn(bytes, at, 2), numberIn(bytes, at + 3, 2), record)
  }

  return {
    passes(record) {
      for (let index = 0; index < zips.length; index++)
        if (hasShortPostcode(record, zips[index] ?? 0, countries[index] ?? 0)) return false
      // Who reads the row adds the same address, and to add it twice does nothing.
      if (email >= 0 && hasSharedEmail(record)) {
        if (shared.isFirst()) return false
        shared.add()
      }
      if (born >= 0) noteBirth(record)
      return true
    },
    doubts: shared.counted,
  }
}
