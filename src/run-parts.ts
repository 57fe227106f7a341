/** What the steps of one run share, and what a program may watch of it. */
import type { OutcomeKind } from './domain/outcome.ts'
import type { InputFile } from './input/bytes.ts'
import type { Head } from './input/header.ts'
import type { Mapping } from './mapping/compiled-mapping.ts'
import type { UpdateOptions } from './options.ts'
import type { Prepare, ReadRow } from './pipeline/ports.ts'
import type { Scan } from './pipeline/scan.ts'
import type { Remote } from './remote.ts'

export interface Snapshot {
  readonly phase: 'checking' | 'sending' | 'reporting'
  readonly rows: number
  readonly done: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
}

export interface Watch {
  /** Called after the scan; throws to refuse. */
  readonly confirm?: (facts: {
    readonly host: string
    readonly account: string
    readonly scan: Scan
  }) => Promise<void>
  readonly onSnapshot?: (snapshot: Snapshot) => void
}

export interface RunParts {
  readonly options: UpdateOptions
  readonly watch: Watch
  readonly signal: AbortSignal
  readonly remote: Remote
  readonly file: InputFile
  readonly head: Head
  readonly digest: string
  readonly runsDir: string
  readonly runId: string
  readonly mapping: Mapping | undefined
  readonly readRow: ReadRow
  readonly prepare: Prepare
}
