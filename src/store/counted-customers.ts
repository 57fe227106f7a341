/**
 * Counts the customers of a file in memory that does not grow with it. Fingerprints go into 256 parts by their hash, each part
 * into chunks of one file without a name, and the parts are counted one after another: exact, at 16 bytes a row of disk.
 * Small files never get to the disk. It cannot say which rows follow others; who needs that takes `createCustomerTable`.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { readFingerprint } from '../domain/fingerprint.ts'
import { BulkUpdateError, systemCode } from '../errors.ts'
import { hashOf } from '../pipeline/customer-table.ts'
import type { CustomerCount } from '../pipeline/scan.ts'
import { createTally } from './tally.ts'

const parts = 256
/** Bytes of a chunk; a fingerprint has 16. */
const chunkBytes = 4096
const wordBytes = 4
const entryWords = 4
const chunkWords = chunkBytes / wordBytes

export interface CountedCustomers extends CustomerCount {
  /** The disk gets its room back. */
  close(): void
}

/** `directory` is for the file; its errors are LOCAL, E_SPOOL. */
export function createCountedCustomers(directory: string): CountedCustomers {
  const fingerprint = new Uint32Array(entryWords)
  const waiting = new Uint32Array(parts * chunkWords)
  const filled = new Uint16Array(parts)
  const chunks = Array.from({ length: parts }, (): number[] => [])
  let file: number | undefined
  let [rows, written] = [0, 0]
  let counted: { readonly rows: number; readonly customers: number; readonly repeated: number } | undefined

  function spill(part: number): void {
    onDisk(directory, () => {
      file ??= openNameless(directory)
      writeSync(file, new Uint8Array(waiting.buffer, part * chunkBytes, chunkBytes), 0, chunkBytes, written)
    })
    chunks[part]?.push(written)
    written += chunkBytes
    filled[part] = 0
  }

  function count(): { readonly customers: number; readonly repeated: number } {
    if (counted?.rows === rows) return counted
    let [customers, repeated] = [0, 0]
    const chunk = new Uint32Array(chunkWords)
    const mostChunks = chunks.reduce((most, { length }) => Math.max(most, length + 1), 0)
    const tally = createTally((mostChunks * chunkWords) / entryWords)
    for (let part = 0; part < parts; part++) {
      tally.clear()
      for (const at of chunks[part] ?? []) {
        onDisk(directory, () => readSync(file ?? -1, new Uint8Array(chunk.buffer), 0, chunkBytes, at))
        tally.add(chunk, chunkWords)
      }
      tally.add(waiting.subarray(part * chunkWords), filled[part] ?? 0)
      customers += tally.size
      repeated += tally.repeated
    }
    counted = { rows, customers, repeated }
    return counted
  }

  return {
    add(customerId) {
      const isUsual = readFingerprint(customerId, fingerprint)
      // The upper bits: by the lower ones the parts are tallied.
      const part = hashOf(fingerprint, 0) >>> 24
      const at = filled[part] ?? 0
      waiting.set(fingerprint, part * chunkWords + at)
      filled[part] = at + entryWords
      rows++
      if (at + entryWords === chunkWords) spill(part)
      return isUsual
    },
    get customers() {
      return count().customers
    },
    get repeatedCustomers() {
      return count().repeated
    },
    get duplicateRows() {
      return rows - count().customers
    },
    close() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

function openNameless(directory: string): number {
  const path = join(directory, `.rapyd-bulk-${randomUUID()}`)
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = openSync(path, flags, 0o600)
  unlinkSync(path)
  return file
}

function onDisk<Result>(directory: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw new BulkUpdateError(
      'LOCAL',
      'E_SPOOL',
      `fingerprints of customers cannot be kept in ${directory} (${systemCode(error)})`,
      'Make room there, or choose another folder with TMPDIR; then run again.',
      { cause: error },
    )
  }
}
