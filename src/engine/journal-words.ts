/** What a run with a sync state notes in its journal, and under which words. */
import { resolve } from 'node:path'
import type { SyncStep } from '../store/sync-state.ts'

/** What a run found when it opened the state. `joined`: it only kept a state true that was there. */
export type Beginning = 'first' | 'known' | 'rebuilt' | 'joined'

export const beginningKey = 'sync'
/** Its step in the state, and which keys the digests were made with. */
export const stepKey = 'sync_step'
/** The export that a run with `--only-changed` brought. */
export const exportKey = 'sync_export'
/** How many customers have vanished. */
export const vanishedKey = 'vanished'
/** How many fields of rows that were sent were left out. */
export const leftOutKey = 'fields_left_out'

/** Exports of one account may have the same name in different folders. */
export function exportNameOf(input: string): string {
  return input === '-' ? 'stdin' : resolve(input)
}

export interface KeyedStep extends SyncStep {
  readonly keyCheck: string
}

export function stepText({ epoch, serial, keyCheck }: KeyedStep): string {
  return [epoch, serial, keyCheck].join(' ')
}

/** Undefined if the run kept no state. */
export function stepOf(text: string | undefined): KeyedStep | undefined {
  const [epoch, serial, keyCheck] = (text ?? '').split(' ')
  if (epoch === undefined || serial === undefined || keyCheck === undefined) return undefined
  return { epoch, serial: Number(serial), keyCheck }
}
